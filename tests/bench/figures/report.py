# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
"""The report: a table of the figures (figures.md), how near each is to its aim (aims.svg), and a plot of every figure
that has points, over the number of handshakes whose peers do not answer."""

import math
import os
from xml.sax.saxutils import escape

COLOURS = ['#1f6feb', '#d1242f', '#1a7f37', '#9a6700']
STYLE = 'font-family="sans-serif" font-size="12"'
VERDICTS = {True: 'yes', False: '**no**', None: ''}


def write(directory, figures, is_quick):
    os.makedirs(directory, exist_ok=True)
    files = {'figures.md': table(figures, is_quick), 'aims.svg': bars(figures)}
    for figure in figures:
        if figure.points:
            files[figure.name + '.svg'] = plot(f'{figure.name}, by stalled handshakes', figure.points)
    for name, text in files.items():
        with open(os.path.join(directory, name), 'w') as file:
            file.write(text)


def table(figures, is_quick):
    warning = ['Of a quick run, which only shows that the programs run: the values mean nothing.', ''] if is_quick else []
    lines = ['# Figures', '', *warning, '| figure | value | aim | met | medians |', '| --- | --- | --- | --- | --- |']
    for figure in figures:
        unit = '' if figure.unit == 'ratio' else ' ' + figure.unit
        lines.append(f'| {figure.name} | {figure.value:.2f}{unit} | {figure.aim} | {VERDICTS[figure.is_met]} | '
                     f'{figure.medians} |')
    lines += ['', '![how near each is to its aim](aims.svg)']
    lines += [f'\n![{figure.name}]({figure.name}.svg)' for figure in figures if figure.points]
    return '\n'.join(lines) + '\n'


def text(x, y, words, anchor='start'):
    return f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}" {STYLE}>{escape(words)}</text>'


def svg(width, height, parts):
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
            f'viewBox="0 0 {width} {height}">\n<rect width="100%" height="100%" fill="white"/>\n' +
            '\n'.join(parts) + '\n</svg>\n')


def bars(figures):
    """A bar for each figure that has an aim: it is met where the bar reaches the line."""
    wanted = [figure for figure in figures if figure.is_met is not None]
    left, unit, step, most = 190, 300, 22, 2
    parts = []
    for i, figure in enumerate(wanted):
        limit = float(figure.aim[2:])
        nearness = limit / figure.value if figure.aim.startswith('<=') else figure.value / limit
        y = 30 + i * step
        parts += [text(left - 8, y + 12, figure.name, 'end'),
                  f'<rect x="{left}" y="{y}" width="{min(nearness, most) * unit:.0f}" height="{step - 6}" '
                  f'fill="{COLOURS[2] if figure.is_met else COLOURS[1]}"/>',
                  text(left + min(nearness, most) * unit + 6, y + 12, f'{figure.value:.2f} (aim {figure.aim})')]
    height = 40 + len(wanted) * step
    parts += [f'<line x1="{left + unit}" x2="{left + unit}" y1="20" y2="{height - 8}" stroke="black"/>',
              text(left + unit, 14, 'the aim', 'middle')]
    return svg(left + most * unit + 120, height, parts)


def steps(high):
    """A few round values from 0 to high."""
    size = 10 ** math.floor(math.log10(high))
    size = next(size * part for part in (0.1, 0.2, 0.5, 1, 2) if high / (size * part) <= 8)
    return [i * size for i in range(int(high / size) + 1)]


def plot(title, points):
    """Lines over a logarithmic axis of numbers."""
    width, height, left, bottom = 640, 360, 70, 50
    every = [point for line in points.values() for point in line]
    first, last = (math.log10(end(x for x, _ in every)) for end in (min, max))
    top = max(y for _, y in every) * 1.1

    def place(x, y):
        across = (math.log10(x) - first) / ((last - first) or 1)
        return left + across * (width - left - 20), height - bottom - y / top * (height - bottom - 40)

    parts = [text(width / 2, 20, title, 'middle')]
    for y in steps(top):
        _, at = place(10 ** first, y)
        parts += [f'<line x1="{left}" x2="{width - 20}" y1="{at:.1f}" y2="{at:.1f}" stroke="#ddd"/>',
                  text(left - 6, at + 4, f'{y:g}', 'end')]
    for power in range(math.ceil(first), math.floor(last) + 1):
        at, _ = place(10 ** power, 0)
        parts.append(text(at, height - bottom + 18, f'{10 ** power}', 'middle'))
    for i, (label, line) in enumerate(points.items()):
        colour = COLOURS[i % len(COLOURS)]
        path = ' '.join(f'{x:.1f},{y:.1f}' for x, y in (place(*point) for point in line))
        parts += [f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>',
                  f'<rect x="{left + i * 190}" y="{height - 18}" width="12" height="12" fill="{colour}"/>',
                  text(left + 18 + i * 190, height - 8, label)]
    return svg(width, height, parts)
