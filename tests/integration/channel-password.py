#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""What a channel remembers of an answer of polkit's for which somebody typed a password: nothing, beyond what polkit
itself keeps."""

import os
import pwd
import subprocess
import sys
import threading
import unittest

from gi.repository import Gio, GLib

sys.path.insert(0, os.path.join(os.path.dirname(__file__), 'support'))
from caller import POLKIT, Caller, Failure, connect
from channel import Channel
from channel_test import AS_CLIENT, AUTHORITY, OPTIONS, TIMEOUT, USE_OWN, ChannelTest, rule
from command import import_credential


class Agent(threading.Thread):
    """An authentication agent for this process, which is a user's, with a main loop of its own. Each prompt is a line
    to output: its cookie."""

    XML = '''<node><interface name="org.freedesktop.PolicyKit1.AuthenticationAgent">
      <method name="BeginAuthentication"><arg type="s" direction="in"/><arg type="s" direction="in"/>
        <arg type="s" direction="in"/><arg type="a{ss}" direction="in"/><arg type="s" direction="in"/>
        <arg type="a(sa{sv})" direction="in"/></method>
      <method name="CancelAuthentication"><arg type="s" direction="in"/></method></interface></node>'''

    def __init__(self, output):
        super().__init__(daemon=True)
        self.output = output
        self.is_ready = threading.Event()
        self.prompts = {}
        self.start()
        self.is_ready.wait()

    def run(self):
        context = GLib.MainContext()
        context.push_thread_default()
        self.connection = Gio.DBusConnection.new_for_address_sync(
            os.environ['DBUS_SYSTEM_BUS_ADDRESS'],
            Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION)
        interface = Gio.DBusNodeInfo.new_for_xml(self.XML).interfaces[0]
        self.connection.register_object('/agent', interface, self.called, None, None)
        with open('/proc/self/stat') as file:
            start_time = int(file.read().rsplit(')', 1)[1].split()[19])
        subject = ('unix-process', {'pid': GLib.Variant('u', os.getpid()), 'start-time': GLib.Variant('t', start_time)})
        self.connection.call_sync(POLKIT, AUTHORITY, f'{POLKIT}.Authority', 'RegisterAuthenticationAgent',
                                  GLib.Variant('((sa{sv})ss)', (subject, 'C', '/agent')), None, Gio.DBusCallFlags.NONE, -1)
        self.is_ready.set()
        GLib.MainLoop.new(context, False).run()

    def called(self, _connection, _sender, _path, _interface, method, parameters, invocation):
        # polkit takes the end of this call for the end of the prompt: so that ends when polkit has said how.
        if method == 'BeginAuthentication':
            self.prompts[parameters[4]] = invocation
            self.output(f'prompt {parameters[4]}')
        else:
            self.prompts.pop(parameters[0]).return_value(None)
            invocation.return_value(None)

    def end(self, cookie):
        self.prompts.pop(cookie).return_value(None)


class Desktop:
    """A process of alice's, with a channel and somebody to type the password. Root tells polkit that the password was
    right, as polkit's helper would."""

    def __init__(self):
        self.root = Caller('root')
        self.n_prompts = 0
        self.process = subprocess.Popen([sys.executable, __file__, '--desktop'], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def handshake(self, port, credential=''):
        """How it ended; every prompt is answered with the right password."""
        self.tell(f'handshake {port} {credential}')
        while True:
            what, _, rest = self.process.stdout.readline().rstrip('\n').partition(' ')
            if what == 'done':
                return rest
            assert what == 'prompt', what
            self.n_prompts += 1
            uid = pwd.getpwnam('alice').pw_uid
            self.root.call(AUTHORITY, f'{POLKIT}.Authority', 'AuthenticationAgentResponse2',
                           GLib.Variant('(us(sa{sv}))', (uid, rest, ('unix-user', {'uid': GLib.Variant('u', uid)}))),
                           bus_name=POLKIT)
            self.tell(f'end {rest}')

    def tell(self, line):
        self.process.stdin.write(line + '\n')
        self.process.stdin.flush()

    def end(self):
        self.process.communicate(timeout=TIMEOUT)
        self.root.close()


def be_desktop():
    """The other side of it: what to do is a line of the input, what happens one of the output."""
    alice = pwd.getpwnam('alice')
    os.setgroups([])
    os.setgid(alice.pw_gid)
    os.setuid(alice.pw_uid)
    agent = Agent(lambda line: print(line, flush=True))
    connection = Gio.DBusConnection.new_for_address_sync(
        os.environ['DBUS_SYSTEM_BUS_ADDRESS'],
        Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION)
    channel = Channel(connection)

    def handshake(port, *credential):
        options = {**OPTIONS, **{'credential': GLib.Variant('s', label) for label in credential}}
        with connect(int(port)) as end:
            try:
                state = channel.wait(channel.start_handshake(end, options=options, interactive=True)).unpack()[0]
            except Failure as failure:
                state = str(failure)
        print('done', state, flush=True)

    for line in sys.stdin:
        command, *arguments = line.split()
        if command == 'handshake':
            threading.Thread(target=handshake, args=arguments).start()
        else:
            agent.end(*arguments)


class ChannelPassword(ChannelTest):
    def test_password(self):
        """Breaks if a password that polkit forgets at once counts for another handshake, or one that polkit keeps counts
        without polkit."""
        for result, n_prompts in ('AUTH_SELF', 3), ('AUTH_SELF_KEEP', 1):
            with self.subTest(result):
                self.rules.write(rule("subject.user == 'alice'", result))
                self.heard()
                desktop = Desktop()
                self.addCleanup(desktop.end)
                self.take()
                for _ in range(3):
                    self.assertEqual(desktop.handshake(self.port), 'complete')
                self.assertEqual(desktop.n_prompts, n_prompts)
                questions = [flags for action, _, flags in self.questions.take(self.root) if action == AS_CLIENT]
                # What polkit does not answer for two seconds it is asked once more.
                self.assertGreaterEqual(questions.count(False), 3)
                self.assertEqual(questions.count(True), n_prompts)

    def test_password_for_credential(self):
        """The same, for a credential: named, so that somebody is asked, and then chosen by the service."""
        import_credential('alice', 'client', label='mine')
        self.rules.write('polkit.addRule(function(action, subject) {'
                         f' if (action.id.match(/{USE_OWN}$/)) return polkit.Result.AUTH_SELF_KEEP; }});')
        self.heard()
        desktop = Desktop()
        self.addCleanup(desktop.end)
        for port, label in (self.port, 'mine'), (self.curious_port, ''):
            self.take()
            for _ in range(2):
                self.assertEqual(desktop.handshake(port, label), 'complete')
            self.assertGreaterEqual(self.take().count(USE_OWN), 3 if label else 2)
            self.assertEqual(desktop.n_prompts, 1)


if __name__ == '__main__':
    if sys.argv[1:2] == ['--desktop']:
        be_desktop()
    else:
        unittest.main()
