#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""The walls between the folders of keyblob/, service/ and client/, as their meson.build files build them.

A folder may include what its meson.build names as a dependency. Meson refuses a dependency that is not
defined yet, so the order of the folders is the order from the bottom to the top. Checked here: every include
goes to such a folder, every dependency is used, no modules or folders include each other in a circle, and
what only some folders may name (NAMES) is named there alone. A module is NAME.c with NAME.h and NAME-private.h; in
the library, with the public header tls-handoff-NAME.h too.

  check-walls.py [--root TREE]   another tree, for the test of this check
"""

import collections
import pathlib
import re

import common

# Made by the build.
GENERATED = {'config.h', 'handoff-interfaces.h', 'tls-handoff-enum-types.h', 'tls-handoff-version.h'}

Wing = collections.namedtuple('Wing', [
    'root',  # its directory
    'meson',  # where its folders are in order; None: it is a single folder
    'below',  # the wings that it may include
    'bare',  # from where "file.h" is included, without a folder
])
WINGS = [
    Wing('keyblob', None, (), ('keyblob/*.h',)),
    Wing('service', 'service/meson.build', ('keyblob',), ('service/*.h',)),
    Wing('client/tls-handoff', 'client/tls-handoff/meson.build', ('keyblob',),
         ('client/tls-handoff/*.h', 'keyblob/tls-handoff-error.h')),
    Wing('client/cli', 'client/cli/meson.build', (), ()),
    # On the public headers alone, like the command.
    Wing('client/gio-module', None, (), ('client/gio-module/*.h',)),
]

# (what, pattern in the code without comments, the folders that may name it)
NAMES = [
    ('D-Bus', r'\b(GDBus\w+|g_dbus_\w+|G_DBUS_(?!ERROR)\w+|G_TYPE_DBUS_\w+)\b',
     ('keyblob', 'service', 'service/caller', 'service/authority', 'service/guard', 'service/bus',
      'client/tls-handoff/call', 'client/tls-handoff/manager',
      # It flushes the connection before the process becomes another program.
      'client/cli/verb')),
    ('GnuTLS\'s sessions', r'\bgnutls_session_t\b',
     ('keyblob', 'service/trust', 'service/resumption', 'service/policy', 'service/export',
      'service/handshake',
      # The client that "serve" tries itself with.
      'client/cli/proxy')),
    ('polkit', r'PolicyKit1|<polkit/|\bpolkit_\w+', ('service/authority',)),
    ('key blobs', r'\bhandoff_key_blob_\w+|"keyblob/key-blob\.h"|\bhandoff_blob_(sealer_seal|opener_open)\b',
     ('keyblob', 'service/export',
      # A channel opens them as they arrive.
      'client/tls-handoff/record', 'client/tls-handoff/call')),
    ('sealed memory files', r'\bhandoff_sealed_memfd_\w+|"keyblob/sealed-memfd\.h"',
     ('keyblob', 'service/export', 'service/link', 'service/broker', 'service/handshaker', 'service/keeper',
      'client/tls-handoff/call', 'client/tls-handoff/handshake', 'client/tls-handoff/record')),
    # The type alone does nothing: trust/ has it in a signature of GnuTLS's, and hands it on.
    ('private keys', r'\bgnutls_(privkey|x509_privkey)_(?!t\b)\w+',
     ('service/key', 'service/keeper', 'service/key-file', 'service/token',
      'service/handshake',
      # What "serve --self-signed" makes for a test, and forgets.
      'client/cli/proxy')),
    ('PKCS#11', r'\bgnutls_pkcs11_\w+|<p11-kit/', ('service/token',)),
    ('systemd', r'<systemd/', ('service', 'client/cli/terminal')),
]


def module_of(path):
    """The module of a file, as PATH/NAME; a public header's is where its .c file is."""
    name = path.with_name(path.stem.removesuffix('-private'))
    if path.suffix == '.h' and str(path.parent) == 'client/tls-handoff':
        implementation = path.stem.removeprefix('tls-handoff-') + '.c'
        homes = [source for source in SOURCES
                 if source.name == implementation and source.parts[:2] == path.parts[:2]]
        if homes:
            name = homes[0].with_suffix('')
    return str(name)


def folder_of(module):
    return str(pathlib.PurePath(module).parent)


def wing_of(path):
    return next(wing for wing in WINGS if str(path).startswith(wing.root + '/'))


def resolve(wing, written):
    """The file that `#include "written"` means, or None."""
    if '/' not in written:
        found = [path for path in SOURCES if path.name == written and
                 any(path.match(pattern) for pattern in wing.bare)]
        return found[0] if found else None
    for place in (pathlib.PurePath(wing.root) / written, pathlib.PurePath(written)):
        if place in SOURCES and written.count('/') == 1:
            return place
    return None


def allowed_folders(wing, findings):
    """{folder: {folder that its meson.build names: line}}; the top may include all."""
    if wing.meson is None:
        return {wing.root: {}}
    text = common.read(wing.meson)
    names = re.search(r'^\w+_folders = \[(.*?)\]', text, re.M | re.S).group(1)
    folders = [f'{wing.root}/{name}' for name in re.findall(r"'([^']+)'", names)]
    variables, allowed = {}, {}
    for folder in folders:
        meson = common.read(f'{folder}/meson.build')
        made = re.search(r'^(\w+)_dep = declare_dependency', meson, re.M)
        allowed[folder] = {
            variables[match.group(1)]: common.line_of(meson, match.start())
            for match in re.finditer(r'\b(\w+)_dep\b', meson) if match.group(1) in variables
        }
        if made:
            variables[made.group(1)] = folder
        else:
            findings.append(f'{folder}/meson.build: declares no dependency')
        for path in SOURCES:
            if str(path.parent) == folder and path.suffix == '.c' and f"'{path.name}'" not in meson:
                findings.append(f'{path}: is not in {folder}/meson.build')
    strays = {str(path.parent) for path in SOURCES if wing_of(path) == wing} - {wing.root, *folders}
    findings += [f'{stray}: is no folder of {wing.meson}' for stray in sorted(strays)]
    return {**allowed, wing.root: dict.fromkeys(folders, 0)}


def circles(edges):
    """The groups of nodes that reach each other, each with the shortest circle in it."""
    def reach(start):
        found, todo = {}, collections.deque([start])
        while todo:
            node = todo.popleft()
            for following in edges.get(node, ()):
                if following not in found:
                    found[following] = node
                    todo.append(following)
        return found

    def around(start):
        way = [start]
        while way[0] != start or len(way) == 1:
            way.insert(0, reached[start][way[0]])
        return way

    reached = {node: reach(node) for node in edges}
    seen = set()
    for node in sorted(edges):
        if node not in reached[node] or node in seen:
            continue
        group = {other for other in reached[node] if node in reached.get(other, ())}
        seen |= group
        yield sorted(group), min((around(start) for start in sorted(group)), key=len)


def describe(what, edges, group, way):
    text = [f'circle of {what}:']
    text += [f'  {place}: {node} includes {following}'
             for node, following in zip(way, way[1:]) for place in [edges[node][following]]]
    if set(group) != set(way):
        text.append('  and through them also: ' + ', '.join(sorted(set(group) - set(way))))
    return '\n'.join(text)


common.arguments()
SOURCES = {path: None for path in common.source_files('*.c', '*.h')
           if any(str(path).startswith(wing.root + '/') for wing in WINGS)}

findings = []
unused = {(what, folder) for what, _, folders in NAMES for folder in folders
          if any(str(path.parent) == folder for path in SOURCES)}
modules = collections.defaultdict(dict)  # {module: {module that it includes: file:line}}
for path in SOURCES:
    wing = wing_of(path)
    text = common.without_comments(common.read(path))
    for match in re.finditer(r'^[ \t]*#[ \t]*include[ \t]*"([^"]+)"', text, re.M):
        target = resolve(wing, match.group(1))
        where = f'{path}:{common.line_of(text, match.start())}'
        if target is None and match.group(1).rpartition('/')[2] not in GENERATED:
            findings.append(f'{where}: "{match.group(1)}" is no header of this tree that is written "folder/file.h"')
        elif target is not None and wing_of(target) != wing and wing_of(target).root not in wing.below:
            findings.append(f'{where}: {wing.root} includes {target}')
        elif target is not None and module_of(target) != module_of(path):
            modules[module_of(path)].setdefault(module_of(target), where)

    folder = folder_of(module_of(path))
    for what, pattern, folders in NAMES:
        for match in re.finditer(pattern, text):
            unused.discard((what, folder))
            if folder not in folders:
                findings.append(f'{path}:{common.line_of(text, match.start())}: {match.group(0)}: '
                                f'only {", ".join(folders)} may name {what}')

findings += [f'check-walls.py: {folder} may name {what}, and does not' for what, folder in sorted(unused)]

# A public header without a .c file belongs to no folder: its place is the highest folder that it includes.
allowed = {}
for wing in WINGS:
    allowed.update(allowed_folders(wing, findings))
order = {folder: number for number, folder in enumerate(allowed)}
tops = {wing.root for wing in WINGS}


def place_of(module, seen=()):
    if folder_of(module) != 'client/tls-handoff':
        return folder_of(module)
    below = [place_of(other, (*seen, module)) for other in modules.get(module, ())
             if not other.startswith('keyblob/') and other not in seen]
    return max(below, key=lambda folder: order.get(folder, 0), default='keyblob')


places = collections.defaultdict(dict)
for module, included in modules.items():
    for other, where in included.items():
        here, there = place_of(module), place_of(other)
        if here == there or there == 'keyblob' or here == 'keyblob':
            continue
        places[here].setdefault(there, where)
        if there not in allowed.get(here, {}):
            findings.append(f'{where}: {here} includes {other}.h, but {here}/meson.build names no dependency '
                            f'on {there}')
for folder, named in allowed.items():
    if folder not in tops:
        findings += [f'{folder}/meson.build:{line}: {other} is a dependency, but nothing of it is included'
                     for other, line in named.items() if other not in places[folder]]

findings += [describe('modules', modules, *circle) for circle in circles(modules)]
findings += [describe('folders', places, *circle) for circle in circles(places)]
common.report(findings, len(SOURCES))
