#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""The site of the documentation, as built: every link within it leads to a page and a place that are there, the first page
leads to every other, and nothing that a browser loads by itself comes from elsewhere: check-site.py SITE"""

import html.parser
import pathlib
import re
import sys
import urllib.parse

import common

SITE = pathlib.Path(sys.argv[1])
# What makes a browser load something, not only go there when the reader wants it.
LOADED = {('img', 'src'), ('link', 'href'), ('script', 'src'), ('iframe', 'src'), ('source', 'src'), ('object', 'data')}
# The first page must lead here.
EXPECTED = {'administration.html', 'tls-handoff.1.html', 'tls-handoff-gio.7.html', 'tls-handoffd.8.html', 'tls-handoffd.conf.5.html',
            'security.html', 'architecture.html', 'channel.html', 'key-blob.html', 'dbus.html', 'examples.html',
            'from-gtlsconnection.html', 'from-openssl-bios.html', 'from-a-script.html', 'tls-handoff-1/index.html',
            'tls-handoff-1/overview.html', 'tls-handoff-1/class.Manager.html'}
findings = []
checked = 0


class Page(html.parser.HTMLParser):
    def __init__(self, path):
        super().__init__()
        self.places, self.targets, self.headings, self.name = set(), [], 0, str(path.relative_to(SITE))
        self.folder = path.parent
        self.text = path.read_text(encoding='utf-8')
        self.feed(self.text)

    def handle_starttag(self, tag, attributes):
        self.headings += tag == 'h1'
        for key, value in attributes:
            if key == 'id' or (tag, key) == ('a', 'name'):
                self.places.add(value)
            if key in ('href', 'src', 'data') and value is not None:
                self.targets.append((tag, key, value))


def check_target(page, pages, tag, key, target):
    """Adds what is wrong with it; returns the page that it leads to, if that is one."""
    if not target:
        findings.append(f'{page.name}: a link to nothing')
    parts = urllib.parse.urlsplit(target)
    if parts.scheme or parts.netloc:
        if (tag, key) in LOADED and parts.scheme != 'data':
            findings.append(f'{page.name}: loads {target}')
        return None
    path = (page.folder / urllib.parse.unquote(parts.path)).resolve() if parts.path else (SITE / page.name).resolve()
    if SITE.resolve() not in path.parents or not path.is_file():
        findings.append(f'{page.name}: {target} does not exist')
        return None
    name = str(path.relative_to(SITE.resolve()))
    if parts.fragment and name in pages and urllib.parse.unquote(parts.fragment) not in pages[name].places:
        findings.append(f'{page.name}: there is no such place as {target}')
    return name


def check_styles():
    for path in SITE.rglob('*.css'):
        text = re.sub(r'/\*.*?\*/', '', path.read_text(encoding='utf-8'), flags=re.S)
        for target in re.findall(r'url\(\s*["\']?([^"\')]+)', text) + re.findall(r'@import\s+["\']([^"\']+)', text):
            if not target.startswith('data:') and not (path.parent / re.sub(r'[?#].*', '', target)).is_file():
                findings.append(f'{path.name}: loads {target}, which is not here')


def main():
    global checked
    pages = {page.name: page for page in map(Page, SITE.rglob('*.html'))}
    leads = {}
    for page in pages.values():
        leads[page.name] = set()
        if 'Unknown document' in page.text or 'Title: ' in page.text.split('</nav>')[-1][:400]:
            findings.append(f'{page.name}: has no title')
        for tag, key, target in page.targets:
            checked += 1
            leads[page.name].add(check_target(page, pages, tag, key, target))
    reached, left = set(), ['index.html']
    while left:
        name = left.pop()
        if name in leads and name not in reached:
            reached.add(name)
            left.extend(leads[name])
    findings.extend(f'no link leads to {name}' for name in sorted((set(pages) | EXPECTED) - reached))
    check_styles()
    common.report(findings, checked)


main()
