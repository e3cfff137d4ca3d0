#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""Makes the site of the documentation, from what is in the source and the library's reference: build.py SOURCE
REFERENCE VERSION OUTPUT. Nothing comes from the network, neither now nor when somebody reads it."""

import html
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import docutils.core
import markdown

NAME = 'TLS Handoff'
REFERENCE = 'tls-handoff-1'
DOCBOOK = 'http://docbook.sourceforge.net/release/xsl/current/html/docbook.xsl'
# name of the page, what it is made from, its title for those who look for it, a sentence
SECTIONS = [
    ('Use it', [
        ('readme', 'README.md', 'Install and use', 'What it is, and the first commands.'),
        ('tls-handoff.1', 'data/man/tls-handoff.1.rst', 'tls-handoff(1)', 'The command.'),
        ('tls-handoff-gio.7', 'data/man/tls-handoff-gio.7.rst', 'tls-handoff-gio(7)',
         'Programs that do not know of it.'),
    ]),
    ('Administer it', [
        ('tls-handoffd.8', 'data/man/tls-handoffd.8.rst', 'tls-handoffd(8)', 'The service, its polkit rules and its log.'),
        ('tls-handoffd.conf.5', 'data/man/tls-handoffd.conf.5.rst', 'tls-handoffd.conf(5)', 'Its configuration.'),
        ('administration', 'docs/ADMINISTRATION.md', 'Administration', 'Prefixes, upgrades, backups, AppArmor, SELinux.'),
        ('packages', 'packaging/README.md', 'Packages', 'For Debian, as RPM, and with Nix.'),
        ('security', 'SECURITY.md', 'Security model', 'What is protected from whom, and the test that says so.'),
    ]),
    ('Program with it', [
        (f'{REFERENCE}/overview', None, 'Guide', 'Which type to use, and how.'),
        (f'{REFERENCE}/index', None, 'Library reference', 'Every type and function, for C and its bindings.'),
        ('examples', None, 'Examples', 'Whole programs, in C, Python, JavaScript and Vala.'),
        ('from-gtlsconnection', 'docs/from-gtlsconnection.md', 'From GTlsConnection', 'For programs that use GIO’s TLS.'),
        ('from-openssl-bios', 'docs/from-openssl-bios.md', 'From OpenSSL BIOs',
         'For programs that carry TLS’s bytes themselves.'),
        ('from-a-script', 'docs/from-a-script.md', 'From a script', 'For what calls openssl s_client, socat and the like.'),
        ('dbus', 'data/org.tlshandoff.Handoff1.xml', 'D-Bus interface', 'For every other language.'),
    ]),
    ('How it works', [
        ('architecture', 'docs/ARCHITECTURE.md', 'Architecture', 'What is where, and why.'),
        ('handshake', 'docs/HANDSHAKE.md', 'Handshake', 'How one goes, thread by thread.'),
        ('channel', 'docs/CHANNEL.md', 'Channel', 'The way around the bus, with a client of it.'),
        ('key-blob', 'docs/KEY-BLOB.md', 'Key blob', 'What crosses, byte by byte.'),
        ('hacking', 'HACKING.md', 'Working on it', 'For those who change it.'),
        ('tests', 'tests/README.md', 'Tests', 'What there is, and how to write one.'),
    ]),
]
PAGES = [page for _, pages in SECTIONS for page in pages]
LANGUAGES = {'c': 'C', 'py': 'Python', 'js': 'JavaScript', 'vala': 'Vala'}


def render_navigation(current):
    parts = [f'<nav aria-label="Pages"><a class="name" href="index.html">{NAME}</a>']
    for heading, pages in SECTIONS:
        items = ''.join(
            f'<li><a href="{name}.html"{" aria-current=page" if name == current else ""}>{html.escape(title)}</a></li>'
            for name, _, title, _ in pages)
        parts.append(f'<h2>{heading}</h2><ul>{items}</ul>')
    return ''.join(parts) + '</nav>'


def write_page(output, name, title, body):
    (output / f'{name}.html').write_text(f'''<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{html.escape(title)} – {NAME}</title>
<link rel="stylesheet" href="site.css">
</head>
<body>
{render_navigation(name)}
<main>
{body}
</main>
</body>
</html>
''', encoding='utf-8')


def turn_link(source, page, target):
    """Where a link of a Markdown page leads here; None: to a file of the source, which is not here."""
    if re.match(r'[a-z]+:|#', target):
        return target
    path, _, anchor = target.partition('#')
    path = str((source / page).parent.joinpath(path).resolve().relative_to(source.resolve()))
    if path.startswith('data/examples/'):
        return f'examples.html#{pathlib.Path(path).stem}'
    for name, made_from, _, _ in PAGES:
        if made_from == path:
            return f'{name}.html' + (f'#{anchor}' if anchor else '')
    return None


def render_markdown(source, page):
    body = markdown.markdown((source / page).read_text(encoding='utf-8'),
                             extensions=['fenced_code', 'tables', 'toc', 'sane_lists'])

    def turn(match):
        target, text = turn_link(source, page, html.unescape(match.group(1))), match.group(2)
        if re.fullmatch(r'[\w./-]+\.md', text):
            # The name of a file of the source: here it is a page, with a title.
            text = next((title for name, _, title, _ in PAGES if f'{name}.html' == target), text)
        return text if target is None else f'<a href="{html.escape(target)}">{text}</a>'

    return link_manuals(re.sub(r'<a href="([^"]*)">(.*?)</a>', turn, body, flags=re.S), page)


def link_manuals(body, page):
    """References to the pages of the manual: tls-handoffd.conf(5), in bold, as code, or neither."""
    for name, _, title, _ in PAGES:
        if (match := re.fullmatch(r'([\w.-]+)\((\d)\)', title)) and not page.endswith(f'/{name}.rst'):
            body = re.sub(rf'(?<![\w.-])(<(strong|code)>)?{re.escape(match[1])}(</strong>)?\({match[2]}\)(</code>)?',
                          f'<a href="{name}.html">{title}</a>', body)
    return body


def render_manual(source, page):
    parts = docutils.core.publish_parts((source / page).read_text(encoding='utf-8'), writer_name='html5',
                                        settings_overrides={'report_level': 2, 'halt_level': 2, 'initial_header_level': 2,
                                                            'smart_quotes': False})
    body = f'<h1>{parts["title"]}</h1><p class="quiet">{parts["subtitle"]}</p>{parts["body"]}'
    return link_manuals(body, page)


def render_dbus(page):
    """The three interfaces, on one page, as GLib and DocBook's stylesheets write them."""
    with tempfile.TemporaryDirectory() as work:
        subprocess.run(['gdbus-codegen', '--generate-docbook', 'dbus', '--output-directory', work, page], check=True)
        entries = [re.sub(r'\A.*?(?=<refentry)', '', path.read_text(encoding='utf-8'), flags=re.S)
                   for path in sorted(pathlib.Path(work).glob('*.xml'), key=lambda path: 'Manager' not in path.name)]
        book = pathlib.Path(work, 'reference.xml')
        book.write_text('<?xml version="1.0" encoding="utf-8"?><reference id="interface"><title>D-Bus interface</title>'
                        f'{"".join(entries)}</reference>', encoding='utf-8')
        text = subprocess.run(['xsltproc', '--nonet', '--novalid', '--stringparam', 'generate.toc', 'reference toc',
                               '--stringparam', 'refentry.generate.name', '0', '--stringparam', 'refentry.generate.title', '1',
                               DOCBOOK, str(book)], check=True, stdout=subprocess.PIPE).stdout.decode('iso-8859-1')
    body = re.search(r'<body[^>]*>(.*)</body>', text, re.S).group(1)
    # What presents itself as attributes of print: the style sheet says how things look.
    return re.sub(r' (bgcolor|text|link|vlink|alink|border|width|clear)="[^"]*"', '', body)


def render_examples(source):
    folder = source / 'data/examples'
    parts = ['<h1>Examples</h1><p>Each is a whole program. The comment at its head says how to build and start it, and '
             'the tests do as it says. They are installed, too, among the documentation.</p>']

    def add(path, summary):
        parts.append(f'<details><summary>{summary}: <code>{path.name}</code></summary>'
                     f'<pre><code>{html.escape(path.read_text(encoding="utf-8"))}</code></pre></details>')

    for path in sorted(folder.glob('*.c')):
        head = re.search(r'"""(.*?)[.:]', path.with_suffix('.py').read_text(encoding='utf-8'), re.S).group(1)
        parts.append(f'<h2 id="{path.stem}">{path.stem}</h2><p>{html.escape(head)}.</p>')
        for suffix, language in LANGUAGES.items():
            add(path.with_suffix('.' + suffix), language)
    parts.append('<h2 id="handshake">handshake</h2><p>A handshake with busctl and a shell alone.</p>')
    add(folder / 'handshake.sh', 'Shell')
    parts.append('<h2 id="50-tls-handoff">Rules</h2><p>What an administrator may allow, and to whom.</p>')
    add(folder / '50-tls-handoff.rules', 'polkit')
    parts.append('<h2 id="apparmor-tls-handoffd">Confinement</h2><p>The service under AppArmor.</p>')
    add(folder / 'apparmor-tls-handoffd', 'AppArmor')
    return ''.join(parts)


def render_index(version):
    parts = [f'<h1>{NAME}</h1><p>A confined system service does the TLS handshake on a socket that your program connected, '
             'hands the keys to your program, and forgets them. From then on your program encrypts and decrypts by itself.</p>'
             f'<p class="quiet">Version {html.escape(version)}</p>']
    for heading, pages in SECTIONS:
        items = ''.join(f'<dt><a href="{name}.html">{html.escape(title)}</a></dt><dd>{html.escape(sentence)}</dd>'
                        for name, _, title, sentence in pages)
        parts.append(f'<h2>{heading}</h2><dl>{items}</dl>')
    return ''.join(parts)


def copy_reference(reference, output):
    """With a way back to the other pages, and without links that lead nowhere."""
    shutil.copytree(reference, output / REFERENCE)
    back = (f'<p style="margin: 0; padding: 0.4rem 1rem"><a href="../index.html">{NAME}: all pages</a></p>')
    for path in (output / REFERENCE).glob('*.html'):
        text = re.sub(r'<tr><td><em>\w+</em></td><td><a href="" class="external"></a></td></tr>', '',
                      path.read_text(encoding='utf-8'))
        # gi-docgen 2025 takes the function that ends an asynchronous one for one of the same kind.
        for name in re.findall(r'href="type_func\.([\w.]+)\.html"', text):
            if not path.with_name(f'type_func.{name}.html').exists() and path.with_name(f'ctor.{name}.html').exists():
                text = text.replace(f'"type_func.{name}.html"', f'"ctor.{name}.html"')
        path.write_text(re.sub(r'(<body[^>]*>)', rf'\1{back}', text, count=1), encoding='utf-8')


def main():
    source, reference, version, output = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3], \
        pathlib.Path(sys.argv[4])
    shutil.rmtree(output, ignore_errors=True)
    output.mkdir(parents=True)
    shutil.copy(source / 'docs/site/site.css', output)
    copy_reference(reference, output)
    write_page(output, 'index', 'Documentation', render_index(version))
    for name, page, title, _ in PAGES:
        if page is None and name != 'examples':
            continue
        if name == 'examples':
            body = render_examples(source)
        elif page.endswith('.md'):
            body = render_markdown(source, page)
        elif page.endswith('.rst'):
            body = render_manual(source, page)
        else:
            body = render_dbus(source / page)
        write_page(output, name, title, body)


main()
