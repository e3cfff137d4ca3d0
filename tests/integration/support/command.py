# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""For tests in Python on the private system: the command as a user runs it, and polkit's rules."""

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import threading

from gi.repository import Gio, GLib

import caller

CERTS = os.environ['HANDOFF_TEST_CERTS']
RULES = '/etc/polkit-1/rules.d/50-test.rules'
TIMEOUT = 60
# What polkit would allow to every user of an active session.
OWN_RULES = '''polkit.addRule(function(action, subject) {
  if (action.id.match(/-own-credentials?$/)) return polkit.Result.YES; });
'''


def as_user(user, *argv):
    return ['setpriv', f'--reuid={user}', f'--regid={user}', '--clear-groups', *argv]


def with_debug_messages():
    """The environment of a program that says all that it has for developers, on its standard output."""
    return dict(os.environ, G_MESSAGES_DEBUG='all')


def run(user, *arguments, stdin=None, environment=None, verbose=False):
    """tls-handoff, without a terminal. stdin: text; verbose: whether it says more than its reports"""
    done = subprocess.run(as_user(user, 'setsid', '--wait', 'tls-handoff', *arguments), text=True, input=stdin or '',
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=TIMEOUT, env=environment)
    # Every failure is reported in lines of the command's own.
    for line in () if verbose else done.stderr.splitlines():
        assert line.startswith('tls-handoff: '), done.stderr
    return done


def certificate(name):
    return os.path.join(CERTS, name)


def read(name):
    with open(certificate(name)) as file:
        return file.read()


def import_credential(user, name, *options, label=None):
    """One of the test's certificates with its key."""
    done = run(user, 'credential', 'import', '--label', label or name, *options, '-',
               stdin=read(name + '.pem') + read(name + '.key'))
    assert done.returncode == 0, done.stderr


class Serve:
    """A user's "serve", which listens when the constructor returns. Without check, no handshake was done before the
    first client's."""

    def __init__(self, *arguments, user='alice', quiet=True, check=False):
        options = ['--listen', '0'] + ['--quiet'] * quiet + ['--no-check'] * (not check)
        self.process = subprocess.Popen(as_user(user, 'tls-handoff', 'serve', *options, *arguments), text=True,
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        self.first_lines = []
        match = None
        while match is None:
            line = self.process.stderr.readline()
            assert line, self.first_lines
            self.first_lines.append(line)
            match = re.fullmatch(r'tls-handoff: listening on .*:(\d+)\n', line)
        self.port = int(match.group(1))

    def said(self, text):
        """Waits until the command says something with text."""
        timer = threading.Timer(TIMEOUT, self.process.kill)
        timer.start()
        lines = []
        try:
            for line in self.process.stderr:
                if text in line:
                    return line
                lines.append(line)
        finally:
            timer.cancel()
        raise AssertionError(f'no “{text}” in {lines}')

    def end(self):
        """Exit status and the rest of what it said, when it has ended by itself."""
        _, errors = self.process.communicate(timeout=TIMEOUT)
        return self.process.returncode, errors

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()


def set_rules(text):
    """Returns when polkitd has read them."""
    bus = Gio.bus_get_sync(Gio.BusType.SYSTEM)
    loop = GLib.MainLoop()
    changed = bus.signal_subscribe('org.freedesktop.PolicyKit1', 'org.freedesktop.PolicyKit1.Authority', 'Changed',
                                   None, None, Gio.DBusSignalFlags.NONE, lambda *_: loop.quit())
    # polkitd has to run, so that there is somebody to read them.
    bus.call_sync('org.freedesktop.DBus', '/org/freedesktop/DBus', 'org.freedesktop.DBus', 'StartServiceByName',
                  GLib.Variant('(su)', ('org.freedesktop.PolicyKit1', 0)), None, Gio.DBusCallFlags.NONE, -1)
    with open(RULES + '.new', 'w') as file:
        file.write(text)
    os.rename(RULES + '.new', RULES)
    timer = GLib.timeout_add_seconds(TIMEOUT, lambda: os.abort())
    loop.run()
    GLib.source_remove(timer)
    # A file that takes the place of another one makes it read, and say so, twice in one turn: the second signal comes
    # before an answer of its main loop, and is not taken for one about rules that are written later.
    bus.call_sync(caller.POLKIT, caller.AUTHORITY, caller.PROPERTIES, 'Get',
                  GLib.Variant('(ss)', (f'{caller.POLKIT}.Authority', 'BackendName')), None, Gio.DBusCallFlags.NONE, -1)
    bus.signal_unsubscribe(changed)
    # The service, too, has heard of it when it answers a call that is sent now: what it remembers for channels is
    # forgotten.
    if get_service_pid():
        call('/org/tlshandoff/Handoff1', 'Manager', 'GetStatistics')


def get_free_ports(number):
    """Of both address families; all different, since each is held until all are found."""
    with contextlib.ExitStack() as stack:
        listeners = [stack.enter_context(socket.create_server(('::', 0), family=socket.AF_INET6, dualstack_ipv6=True))
                     for _ in range(number)]
        return [listener.getsockname()[1] for listener in listeners]


def get_free_port():
    return get_free_ports(1)[0]


def wait_until(condition, what):
    caller.wait_until(condition, what, TIMEOUT)


def wait_for_port(port):
    """Until somebody listens there."""
    def is_open():
        try:
            socket.create_connection(('127.0.0.1', port)).close()
            return True
        except ConnectionRefusedError:
            return False

    wait_until(is_open, f'somebody listens on port {port}')


class OpensslServer:
    """OpenSSL's, with one of the test's certificates."""

    def __init__(self, name, *options, port=None):
        self.port = port or get_free_port()
        self.address = f'localhost:{self.port}'
        self.process = subprocess.Popen(
            ['openssl', 's_server', '-quiet', '-www', '-accept', str(self.port), '-cert',
             certificate(f'{name}.pem'), '-key', certificate(f'{name}.key'), *options],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for_port(self.port)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait(TIMEOUT)


def get_service_pid():
    """0 if it does not run."""
    bus = Gio.bus_get_sync(Gio.BusType.SYSTEM)
    try:
        return bus.call_sync('org.freedesktop.DBus', '/org/freedesktop/DBus', 'org.freedesktop.DBus',
                             'GetConnectionUnixProcessID', GLib.Variant('(s)', ('org.tlshandoff.Handoff1',)), None,
                             Gio.DBusCallFlags.NONE, -1).unpack()[0]
    except GLib.Error:
        return 0


def stop_service(number=signal.SIGTERM):
    """Ends the service; the next call starts another one."""
    pid = get_service_pid()
    if pid:
        os.kill(pid, number)
        wait_until(lambda: get_service_pid() != pid, 'the service has ended')


def configure(text):
    """Adds to the service's configuration, which it reads when it is started again, or told to reload."""
    with open('/etc/tls-handoff/tls-handoffd.conf', 'a') as file:
        file.write('\n' + text)


def install_tokens(directory, *labels):
    """Has the service use tokens of SoftHSM, through the module that injects faults, with its PIN file "pins" there."""
    subprocess.run([os.path.join(os.path.dirname(__file__), '../../lib/make-token'), directory, CERTS, *labels],
                   check=True)
    # The build directory may be closed to the service's user.
    shutil.copy(os.environ['HANDOFF_TEST_PKCS11_MODULE'], f'{directory}/module.so')
    subprocess.run(['chown', '-R', 'tls-handoff:', directory], check=True)
    configure(f'[Tokens]\nModules={directory}/module.so\nPinFile={directory}/pins\n'
              f'[Module {directory}/module.so]\nWriteFiles={directory}\n')
    path = '/usr/share/dbus-1/system-services/org.tlshandoff.Handoff1.service'
    with open(path) as file:
        text = file.read()
    with open(path, 'w') as file:
        file.write(text.replace('Exec=', f'Exec=/usr/bin/env SOFTHSM2_CONF={directory}/softhsm2.conf '
                                         f'HANDOFF_TEST_PKCS11={directory} ', 1))
    stop_service()


def call(path, interface, method, parameters=None):
    """A method of the service's, as root, without the command. parameters, and what is returned: GLib.Variants"""
    bus = Gio.bus_get_sync(Gio.BusType.SYSTEM)
    return bus.call_sync('org.tlshandoff.Handoff1', path, f'org.tlshandoff.Handoff1.{interface}', method, parameters, None,
                         Gio.DBusCallFlags.NONE, TIMEOUT * 1000)


def list_all_credentials():
    """(object path, properties: a GLib.Variant) of each."""
    reply = call('/org/tlshandoff/Handoff1', 'Manager', 'ListCredentials',
                 GLib.Variant('(a{sv})', ({'all': GLib.Variant('b', True)},))).get_child_value(0)
    # unpack() would make a list of numbers of each certificate.
    entries = [reply.get_child_value(n) for n in range(reply.n_children())]
    return [(entry.get_child_value(0).get_string(), entry.get_child_value(1)) for entry in entries]


def remove_credentials():
    """All that there are."""
    for path, _ in list_all_credentials():
        call(path, 'Credential', 'Remove')
