#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""Constructs that this project does without. What a folder may include and name: check-walls.py."""

import re

import common

MAXIMUM_LINES = 600

C_CODE = ('*.c', '*.h')

# (files, pattern in the code without comments and strings, why, files that may)
FORBIDDEN = [
    (C_CODE, r'\bgoto\b', 'cleanup is automatic (g_autoptr)', ()),
    (C_CODE, r'\b(strcpy|strcat|sprintf|vsprintf|gets|atoi|atol|strtok|system|popen|tmpnam)\s*\(',
     'unsafe, or without errors', ()),
    (C_CODE, r'\b(alloca|g_alloca|g_newa)\b', 'sizes from outside must not move the stack', ()),
    (C_CODE, r'\b(sleep|usleep|nanosleep|g_usleep)\s*\(', 'wait for an event, not for a time',
     ()),
    (('service/*.c', 'service/*/*.c', 'client/*/*.c', 'client/*/*/*.c', 'keyblob/*.c'),
     r'\b(mlockall|MCL_FUTURE)\b', 'makes allocations fail (DESIGN, invariant 8)', ()),
    (('service/*/*.c',), r'\bF_SETFL\b', 'the status flags of a passed socket are the caller\'s', ()),
    (('service/*.c', 'service/*/*.c'), r'\bg_main_(loop_run|context_iteration)\b', 'no nested main loops',
     # The programs' own loops, that of the guard's thread, and those of tests that wait.
     ('service/service.c', 'service/configuration-check.c', 'service/handshaker/handshaker.c', 'service/importer-main.c',
      'service/keeper-main.c', 'service/token/token-helper.c',
      'service/guard/bus-guard.c', 'tests/service/*.c', 'tests/service/*/*.c')),
    (('service/*.c', 'service/*/*.c'), r'\b(g_thread_new|pthread_create)\b', 'no thread per handshake',
     ('service/work/worker.c', 'service/guard/bus-guard.c', 'service/keeper/user-turns.c', 'service/process/starter.c',
      'tests/service/*/*.c')),
    (('client/cli/*.c', 'client/cli/*/*.c'), r'\bgnutls_(init|handshake|record_send|record_recv)\b',
     'the command has its handshakes done by the service',
     # The client that "serve" tries the service with.
     ('client/cli/proxy/rehearsal.c',)),
    (('service/*.[ch]', 'service/*/*.[ch]'),
     r'\b(time|clock|g_get_(real|monotonic|current)_time|g_date_time_new_now\w*|clock_gettime|gettimeofday|'
     r'timespec_get|g_timer_\w+|g_timeout_\w+|g_source_set_ready_time|g_cond_wait_until|'
     r'g_async_queue_timeout_\w+|timerfd_\w+)\s*\(', 'the time comes from work/clock.h',
     ('service/work/clock.c', 'tests/service/*/*.[ch]')),
    (('service/*.c', 'service/*/*.c', 'client/tls-handoff/*/*.c', 'keyblob/*.c'),
     r'\bg_ascii_string_to_(un)?signed\b', 'fails now and then where two threads call it for the first time at once', ()),
    # A log call or a print with a secret among its arguments.
    (C_CODE, r'\b(g_debug|g_info|g_message|g_warning|g_critical|g_log\w*|g_print\w*|\w*printf)\s*\('
     r'[^;]*\b(secret|secrets|private_key|mac_key|traffic_secret|\w+->(key|iv))\b',
     'secrets are never printed', ()),
]

findings = []


def matches_any(path, patterns):
    return any(path.match(pattern) for pattern in patterns)


files = common.source_files(*C_CODE)
unused = {(why, file) for _, _, why, exceptions in FORBIDDEN for file in exceptions}
for path in files:
    text = common.read(path)
    code = common.without_comments(text, strings=True)
    for patterns, pattern, why, exceptions in FORBIDDEN:
        if not matches_any(path, patterns):
            continue
        excepted = [file for file in exceptions if path.match(file)]
        for match in re.finditer(pattern, code):
            unused.difference_update((why, file) for file in excepted)
            if not excepted:
                findings.append(f'{path}:{common.line_of(code, match.start())}: '
                                f'{match.group(0).split("(")[0].strip()}: {why}')
    if text.count('\n') > MAXIMUM_LINES:
        findings.append(f'{path}: more than {MAXIMUM_LINES} lines')

scripts = common.source_files('*.py', '*.sh', '*.build', '.ci/run', 'tests/lib/*')
for path in scripts:
    for number, line in enumerate(common.read(path).splitlines(), 1):
        if re.search(r'\btime\.sleep\(|^\s*sleep\s+[\d$]', line):
            findings.append(f'{path}:{number}: wait for an event, not for a time')

findings += [f'{file} is an exception that nothing needs: {why}' for why, file in sorted(unused)]

# Put together here so that this file does not find itself.
unfinished = re.compile(r'\b(TO' r'DO|FIX' r'ME|X' r'XX)\b')
for path in [*files, *scripts, *common.source_files('*.md', '*.rst', '*.xml', '*.in')]:
    for number, line in enumerate(common.read(path).splitlines(), 1):
        if unfinished.search(line):
            findings.append(f'{path}:{number}: unfinished: {line.strip()}')

common.report(findings, len(files) + len(scripts))
