#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""What gdbus and busctl show of the running service is what the interface's XML documents.

Breaks if the service exports something else than it documents, or the tools cannot see it: an
introspection that the bus policy forbids, a property that is announced and cannot be read."""

import subprocess
import unittest
import xml.etree.ElementTree as ElementTree

BUS_NAME = "org.tlshandoff.Handoff1"
ROOT = "/org/tlshandoff/Handoff1"
SESSIONS = ROOT + "/sessions"
XML = "/usr/share/dbus-1/interfaces/org.tlshandoff.Handoff1.xml"
ALICE = ["setpriv", "--reuid", "alice", "--regid", "alice", "--clear-groups"]


def run(*command):
    """The output of a command that an ordinary user runs."""
    return subprocess.run(
        ALICE + list(command), check=True, stdout=subprocess.PIPE, text=True, timeout=60
    ).stdout


def describe(interface):
    """All that callers of an interface rely on, to compare."""
    members = set()
    for method in interface.findall("method"):
        arguments = tuple(
            (arg.get("name"), arg.get("type"), arg.get("direction", "in"))
            for arg in method.findall("arg")
        )
        members.add(("method", method.get("name"), arguments))
    for signal in interface.findall("signal"):
        arguments = tuple((arg.get("name"), arg.get("type")) for arg in signal.findall("arg"))
        members.add(("signal", signal.get("name"), arguments))
    for prop in interface.findall("property"):
        members.add(("property", prop.get("name"), prop.get("type"), prop.get("access")))
    return members


def interfaces(node):
    return {i.get("name"): describe(i) for i in node.findall("interface")}


DOCUMENTED = interfaces(ElementTree.parse(XML).getroot())


class Introspection(unittest.TestCase):
    maxDiff = None

    def ours(self, found):
        return {name for name in found if name.startswith(BUS_NAME)}

    def check_gdbus(self, path, name):
        output = run(
            "gdbus", "introspect", "--system", "--xml", "--dest", BUS_NAME, "--object-path", path
        )
        found = interfaces(ElementTree.fromstring(output))
        self.assertEqual(self.ours(found), {name})
        self.assertEqual(found[name], DOCUMENTED[name])
        self.assertIn("org.freedesktop.DBus.Introspectable", found)

    def test_gdbus(self):
        self.check_gdbus(ROOT, BUS_NAME + ".Manager")
        self.check_gdbus(SESSIONS + "/x", BUS_NAME + ".Session")

    def check_busctl(self, path, name):
        output = run("busctl", "--system", "--no-pager", "introspect", BUS_NAME, path)
        current = None
        found = set()
        for line in output.splitlines()[1:]:
            words = line.split()
            if words[1] == "interface":
                current = words[0]
            elif current is not None and current.startswith(BUS_NAME):
                found.add((current, words[0].lstrip("."), words[1], words[2]))
                if words[1] == "method":
                    found.add((words[0].lstrip("."), "out", words[3]))
        expected = set()
        for member in DOCUMENTED[name]:
            if member[0] == "method":
                # “-” stands for no arguments.
                types = {
                    way: "".join(a[1] for a in member[2] if a[2] == way) or "-"
                    for way in ("in", "out")
                }
                expected.add((name, member[1], "method", types["in"]))
                expected.add((member[1], "out", types["out"]))
            else:
                expected.add((name, member[1], member[0], member[2]))
        self.assertEqual(found, expected)

    def test_busctl_introspect(self):
        self.check_busctl(ROOT, BUS_NAME + ".Manager")

    def test_busctl_tree(self):
        output = run("busctl", "--system", "--no-pager", "tree", "--list", BUS_NAME)
        self.assertIn(ROOT, output.splitlines())

    def test_busctl_get_property(self):
        manager = BUS_NAME + ".Manager"
        values = {}
        for member in DOCUMENTED[manager]:
            if member[0] != "property":
                continue
            output = run("busctl", "--system", "get-property", BUS_NAME, ROOT, manager, member[1])
            value_type, value = output.strip().split(" ", 1)
            self.assertEqual(value_type, member[2])
            values[member[1]] = value
        self.assertRegex(values["Version"], r'^"\d+\.\d+\.\d+"$')
        self.assertEqual(values["Protocols"], '2 "TLS1.3" "TLS1.2"')
        self.assertEqual(values["BlobFormat"], "2")
        self.assertIn('"TLS_AES_256_GCM_SHA384"', values["CipherSuites"])

    def test_properties_are_read_only(self):
        result = subprocess.run(
            ["busctl", "--system", "set-property", BUS_NAME, ROOT, BUS_NAME + ".Manager"]
            + ["Version", "s", "0"],
            check=False,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.assertNotEqual(result.returncode, 0)

    def test_nothing_else_can_be_called(self):
        """Interfaces that GIO may export one day stay closed: the bus policy."""
        result = subprocess.run(
            ALICE + ["busctl", "--system", "call", BUS_NAME, ROOT, "org.example.Other", "Do"],
            check=False,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.assertNotEqual(result.returncode, 0)
        self.assertIn("Access denied", result.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
