"""Records what Jinja2 gives for expressions and templates, with transformers' settings, in __test__/fixtures/jinja.json.

    python3 scripts/jinja/record.py            # Jinja2 3.1.6

The tests compare src/tokenizer/jinja with the file; they need no Python. With a folder as an argument, its *.jinja files are rendered on the
conversations below instead, and printed as JSON: scripts/jinja/compare.mjs compares them.
"""

import json
import sys
from pathlib import Path

import jinja2
from jinja2 import nodes
from jinja2.ext import Extension
from jinja2.sandbox import ImmutableSandboxedEnvironment

assert jinja2.__version__ == "3.1.6", jinja2.__version__


class Generation(Extension):
    """`{% generation %}` as transformers has it: a block that gives its text."""

    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return nodes.CallBlock(self.call_method("_text"), [], [], body).set_lineno(line)

    def _text(self, caller):
        return caller()


def tojson(value, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


def raise_exception(message):
    raise jinja2.exceptions.TemplateError(message)


environment = ImmutableSandboxedEnvironment(
    trim_blocks=True, lstrip_blocks=True, extensions=[Generation, jinja2.ext.loopcontrols]
)
environment.filters["tojson"] = tojson
environment.globals["raise_exception"] = raise_exception
environment.globals["strftime_now"] = lambda form: "26 Jul 2024"

VARIABLES = {
    "n": 7,
    "neg": -7,
    "f": 2.5,
    "s": "Hello World",
    "e": "",
    "u": "héllo 👍 ß",
    "l": [3, 1, 2],
    "d": {"b": 1, "a": [True, None, 1.5, "x"]},
    "t": True,
    "nothing": None,
    "text": "  line one\n\tline two  \n\nend",
    "html": "<a href=\"x\">&'</a>",
    "quotes": "it's \"so\"",
    "users": [
        {"name": "Bob", "age": 30, "tags": ["x", "y"], "on": True},
        {"name": "ann", "age": 25, "tags": [], "on": False},
        {"name": "Cid", "age": 30, "tags": ["z"]},
    ],
}

EXPRESSIONS = r"""
1 + 2 * 3
(1 + 2) * 3
2 ** 3 ** 2
2 ** -1
-2 ** 2
7 / 2
4 / 2
7 // 2
neg // 2
7 // -2
neg % 3
7 % -3
-7 % 3
7 % 3
7.5 % 2
-7.5 % 2
7.5 % -2
-7.5 // 2
0.1 + 0.2
1e3
1e16
1e15
123456789.125
1e-4
1e-5
1.5e300 * 1e10
2 ** 64
2 ** 64 // 3
-(2 ** 70) % 7
9007199254740993
9007199254740992 + 1
99999999999999999999 // 7
10 ** 20 / 3
1_000
0x1f
0b101
0o17
1 / 0
1 % 0
1 // 0
1.0
-0.0
3.0 * 2
true + true
true
false
none
True
False
None
[true, none, 1, 2.0, 'a']
(1, 2)
(1,)
()
{}
[]
{'a': 1, 'b': [none, true]}
{1: 'x', 'k': (1, 2)}
{'a': 1} == {'a': 1}
{'a': 1, 'b': 2} == {'b': 2, 'a': 1}
{'a': 1} == {'a': 2}
[1, 2] == [1, 2]
[1, 2] == (1, 2)
(1, 2) == (1, 2)
'1' == 1
1 == 1.0
true == 1
none == false
'' == none
1 != 1.0
1 < 2 < 3
1 < 2 < 1
3 > 2 > 1
1 < 2 == 2
'a' < 'b'
'a' < 'B'
[1, 2] < [1, 3]
[1] < [1, 0]
'a' < 1
none < 1
1 in [1.0]
'a' in 'abc'
'' in 'abc'
1 in 'abc'
'b' in d
1 in d
'x' not in d
none in [none]
x in [1]
'a' in x
not 1
not ''
not x
1 and 2
0 and 2
'' or 'y'
none or false
1 if true else 2
1 if false else 2
1 if false
'a' if x is defined else 'b'
'a' ~ 1 ~ none ~ true ~ 1.0
1 ~ 2 + 3
'a' + 'b' ~ 'c'
'a' + 1
1 + 'a'
[1] + [2]
(1,) + (2,)
[1] + 1
'ab' * 3
3 * 'ab'
[0] * 3
'a' * -1
'a' - 'b'
-'a'
+true
-true
- 5 | abs
-5 | abs
'a' 'b'
"a\nb"
'\x41\u00e9\U0001F44D\101'
'\q'
'it\'s'
"a\tb"
s.upper()
s.lower()
s.title()
s.capitalize()
s.swapcase()
'hELLO'.capitalize()
'hELLO' | capitalize
'ß'.upper()
'ßa'.title()
"they're bill's" | title
"they're bill's".title()
'foo-bar (baz) [q] <x>' | title
u | length
u | upper
u[6]
u[::-1]
u.index('ß')
u.find('👍')
u.center(14, '*')
u | list
'👍' | length
s[0]
s[-1]
s[99]
s[1:4]
s[:-3]
s[::2]
s[::-1]
s[4:0:-1]
s[4::-2]
s[-3:]
s[:99]
s[5:2]
'abc'[2:0:-1]
l[0]
l[-1]
l[5]
l[1:]
l[::-1]
l['0']
l.0
(1, 2, 3)[1]
(1, 2, 3)[:2]
range(5)[2]
range(5)[1:3]
range(5)
range(1, 5)
range(0, 10, 3)
range(5, 0, -2)
range(5, 0, -2) | list
range(0)
range(0) | list
range(1, 2, 0)
range(200000)
range('a')
range(3) | length
3 in range(5)
text.strip()
text.strip() | length
text.strip('\n')
text.lstrip(' \n')
text.rstrip('dne')
'\n\nab\n'.strip('\n')
'\n\n  ab\n'.lstrip('\n')
'xxabxx'.strip('x')
'xyabyx'.strip('xy')
'xxabxx'.rstrip('x')
'  ab '.strip(none)
'\ufeffab'.strip()
'\x1fab\x85'.strip()
'abc'.strip(1)
'a,b,c'.split(',')
'a,b,c'.split(',', 1)
'a,b,c'.split(',', maxsplit=1)
'a,b,c'.split(sep=',')
' a  b c '.split()
' a  b c '.split(none, 1)
' a  b c '.rsplit(none, 1)
'a,b,c'.rsplit(',', 1)
''.split()
''.split(',')
'a'.split('')
'a\nb\r\nc'.splitlines()
'a\nb\r\nc\n'.splitlines(true)
'a-b-c'.partition('-')
'a-b-c'.rpartition('-')
'abc'.partition('x')
'abc'.rpartition('x')
'abc'.startswith('ab')
'abc'.startswith(('x', 'a'))
'abc'.startswith('b', 1)
'abc'.startswith('', 5)
'abc'.endswith('bc')
'abc'.endswith('b', 0, 2)
'abcabc'.find('c')
'abcabc'.rfind('c')
'abcabc'.find('z')
'abcabc'.index('z')
'abcabc'.find('c', 3)
'abcabc'.find('c', -2, -1)
'abcabc'.count('bc')
'aaa'.count('')
'aaaa'.count('aa')
'aXbX'.replace('X', '-')
'aXbX'.replace('X', '-', 1)
'abc'.replace('', '-')
'abc'.replace('', '-', 2)
'abc'.join(['1', '2'])
', '.join(d)
', '.join([1, 2])
'abc'.zfill(5)
'-5'.zfill(4)
'ab'.ljust(4, '.') ~ '|'
'ab'.rjust(4) ~ '|'
'abc'.center(6) ~ '|'
'ab'.center(5, '*')
'abc'.center(8, '*')
'a\tb'.expandtabs(4)
'abc'.removeprefix('ab')
'abc'.removesuffix('bc')
'abc'.isalpha()
'ab1'.isalnum()
'12'.isdigit()
'²'.isdigit()
'½'.isnumeric()
'12'.isdecimal()
' \n'.isspace()
''.isspace()
'Ab'.istitle()
'AB1'.isupper()
'ab1'.islower()
'12'.islower()
'a b'.isidentifier()
'\n'.isprintable()
'abc'.isascii()
'é'.isascii()
'{} and {}'.format(1, 'x')
'{1}{0}'.format('a', 'b')
'{name!r:>5}'.format(name='a')
'{:5.2f}|{:<4}|{:^5}|{:+d}|{:,}'.format(3.14159, 'a', 'b', 3, 1234567)
'{:05d}|{:x}|{:#x}|{:e}|{:g}|{:%}'.format(42, 255, 255, 12345.678, 0.0001, 0.25)
'{{}} {0[a]} {0.b}'.format({'a': 1, 'b': 2})
'{}'.format()
'{:z}'.format(1)
'%s is %d' % ('a', 3)
'%s' % 1
'%5.1f|%-5s|%05d|%x|%r|%%' % (2.25, 'ab', 42, 255, 'q')
'%(a)s' % {'a': 1}
'%s %s' % ('a',)
'%s' % ('a', 'b')
'%d' % 'a'
'%s' | format('x')
'%s, %s' | format('a', 'b')
'abc'.append('d')
l.append(1)
d.update({})
d.pop('a')
l.sort()
s.__class__
s.nope
d.nope
d.nope.more
x
x.y
x + 1
x ~ 'a'
x | length
x[0]
x()
1()
s()
n.foo
nothing.foo
nothing['foo']
d.a
d['a']
d.b
d.items()
d.keys()
d.values()
d.get('b')
d.get('z')
d.get('z', 5)
d.get('z', none)
{'a': none}.get('a', 5)
{'items': 1}['items']
{'items': 1}.items()
{'a': none}.a
{'a': none}['a']
[none] | first
[none] | last
d | length
d | list
d.items() | list
d.items() | length
d | items | list
d | dictsort
d | dictsort(reverse=true)
{'b': 2, 'A': 1} | dictsort
{'b': 2, 'A': 1} | dictsort(true)
{'b': 2, 'A': 3} | dictsort(by='value')
l | sort
l | sort(reverse=true)
['b', 'A', 'c'] | sort
['b', 'A', 'c'] | sort(case_sensitive=true)
[1, 'a'] | sort
users | sort(attribute='age') | map(attribute='name') | list
users | sort(attribute='age,name') | map(attribute='name') | list
users | sort(attribute='age', reverse=true) | map(attribute='name') | list
users | map(attribute='tags.0') | list
users | map(attribute='on', default='?') | list
users | map(attribute='zip', default='?') | list
users | selectattr('on') | map(attribute='name') | list
users | selectattr('on', 'defined') | map(attribute='name') | list
users | selectattr('age', 'equalto', 30) | list | length
users | selectattr('age', 'gt', 26) | map(attribute='name') | join(', ')
users | selectattr('name', 'in', ['Bob', 'Cid']) | map(attribute='name') | join(', ')
users | rejectattr('on') | map(attribute='name') | list
users | selectattr('age', 'equalto', 30) | length
users | groupby('age') | list
users | groupby('age') | map(attribute='grouper') | list
users | groupby('name') | map('first') | list
users | map('length') | list
l | map('string') | list
l | select('odd') | list
l | select('divisibleby', 3) | list
l | reject('odd') | list
l | select('greaterthan', 1) | list
['', 'a', none, 0, 1] | select | list
l | map('nope') | list
l | map('upper') | join
l | join
l | join(', ')
users | join(', ', attribute='name')
[1, none, true, 2.0] | join('|')
l | first
l | last
[] | first
e | first
l | min
l | max
['b', 'A'] | min
[] | max
l | sum
users | sum(attribute='age')
[[1], [2]] | sum(start=[])
l | reverse | list
s | reverse
d | reverse | list
l | unique | list
['a', 'A', 'b'] | unique | list
['a', 'A', 'b'] | unique(case_sensitive=true) | list
l | batch(2) | list
l | batch(2, 0) | list
[1, 2, 3, 4, 5] | slice(2) | list
[1, 2, 3, 4, 5] | slice(3, 'x') | list
l | length
n | length
l | count
l | string
l | tojson
d | tojson
d | tojson(indent=2)
d | tojson(indent=2, sort_keys=true)
d | tojson(separators=(',', ':'))
u | tojson
u | tojson(ensure_ascii=true)
quotes | tojson
'\x01\x7f\n' | tojson
1.0 | tojson
1e20 | tojson
(1, 2) | tojson
{1: 2, none: 3, true: 4} | tojson
x | tojson
range(3) | tojson
[[], {}, [1, [2]]] | tojson(indent=1)
{'a': {'b': [1, 2]}} | tojson(indent=4)
{'a': 1} | tojson(indent='--')
quotes
[quotes]
['a\nb\\c\t', "it's", '"', '\x00', '\u200b', '👍']
text | trim
'xxaxx' | trim('x')
text | indent
text | indent(2)
text | indent(2, true)
text | indent(2, first=true, blank=true)
text | indent('> ')
n | indent
'a\n' | indent(2)
s | replace('l', 'L')
s | replace('l', 'L', 1)
n | replace(7, 8)
s | default('x')
x | default('x')
x | default
e | default('x')
e | default('x', true)
nothing | default('x')
nothing | default('x', boolean=true)
x.y | default('z')
d.zz | d('z')
'5' | int
'5.7' | int
'abc' | int
'abc' | int(9)
'ff' | int(base=16)
'0x1f' | int(base=16)
' 42 ' | int
'1_000' | int
5.9 | int
-5.9 | int
none | int
true | int
'1e3' | int
'99999999999999999999' | int
'3.5' | float
'abc' | float
'abc' | float(1)
3 | float
'inf' | float
'-1e5' | float
2.5 | round
3.5 | round
-2.5 | round
2.675 | round(2)
0.125 | round(2)
42.55 | round(1, 'floor')
42.51 | round(1, 'ceil')
42 | round
1234 | round(-2)
1250 | round(-2)
2.5 | round(method='up')
-5 | abs
-5.5 | abs
'a' | abs
s | upper
s | lower
s | capitalize
s | title
n | upper
s | center(15) ~ '|'
html | e
html | escape
html | safe
html | striptags
'a  b c' | wordcount
'foo bar baz qux' | truncate(9)
'foo bar baz qux' | truncate(9, true)
'foo bar baz qux' | truncate(11)
'foo bar baz qux' | truncate(11, false, '...', 0)
'a b/ü&' | urlencode
{'a': 'b c', 'd': '/'} | urlencode
d | attr('b')
s | nope
s | join('-')
n is number
f is number
f is float
f is integer
n is integer
true is integer
true is number
true is boolean
1 is boolean
s is string
s is sequence
s is iterable
d is sequence
d is mapping
d is iterable
l is mapping
n is iterable
n is sequence
nothing is none
nothing is not none
x is defined
x is not defined
s is defined
x is undefined
x is sequence
x is iterable
n is odd
n is even
6 is divisibleby 3
6 is divisibleby(4)
2.0 is even
s is lower
s is upper
'abc' is lower
'a' is in ['a']
'a' is in 'cab'
3 is eq 3
3 is ne(3)
3 is gt 2
3 is ge 3
3 is lt 2
3 is le 3
3 is greaterthan 2
1 is sameas true
true is sameas true
none is sameas none
true is true
1 is true
false is false
s is callable
s.upper is callable
range is callable
'upper' is filter
'nope' is filter
'odd' is test
s is nope
not n is odd
n is odd and s is string
n is odd or x.y.z
(n is odd) == true
1 is not odd
s is string if n is odd else 1
dict(a=1, b=2)
dict({'a': 1}, b=2)
dict([('a', 1)])
namespace(a=1).a
namespace({'a': 1}).a
namespace().a
cycler('a', 'b').next()
s.split(' ') | map('upper') | join('-')
s.split(' ')[-1].lower()
(s ~ '!').upper()
[1, 2, 3][1:][0]
{'a': {'b': [1, {'c': 2}]}}.a.b[1].c
d['a'][3]
d.a.3
l.index(1)
l.index(9)
l.count(3)
(1, 2, 1).count(1)
l.copy()
d.copy()
{'a': 1, 'a': 2}
{1: 'a', 1.0: 'b', true: 'c'}
{[]: 1}
{(1, 2): 3}[(1, 2)]
[1, [2, [3]]]
'a' if 0 else 'b' if 0 else 'c'
1 if 2 if 0 else 3 else 4
'%.3f' % 2.0005
'%e' % 123456.789
'%g' % 1e-7
'%G' % 1e20
'%+d % d' % (3, 4)
'%c%c' % (65, 'b')
'%o' % 8
'%i' % 3.99
'%s' % none
'%s' % [1]
"%s" % {'a': 1}
1.5 ~ ''
1e100
-1.5e-7
123456789012345680.0
0.1
100.0
2.0 ** 0.5
2 ** 0.5
5 % 2.5
'a' % 1
'ab' ~ ('c' * 2)
'a' in ['a', 'b'] and 'c' not in ['a']
l[1:3] == [1, 2]
l | length > 2
l | length + 1
(l | length) + 1
-l | length
not l | length
'a' | upper ~ 'b'
'a' ~ 'b' | upper
2 * l | length
""".strip("\n").split("\n")

TEMPLATES = [
    "a\n",
    "a\n\n",
    "a\r\nb\r\n",
    "  {{ 1 }}  \n  {{ 2 }}",
    "  {%- if true %} a {% endif -%}  b",
    "x\n  {% if true %}\n  y\n  {% endif %}\nz",
    "x\n  {%+ if true %}\n  y\n  {%+ endif %}\nz",
    "x {% if true %}\ny{% endif %}\n\nz",
    "x\n  {%- if true -%}\n  y\n  {%- endif -%}\nz",
    "{# c #}\na{# d #} b\n  {# e #}\nc {#- f -#} d",
    "{#- {{ x }} -#} a",
    "a\n{{ 1 -}}\n  b {{- 2 }}\n c",
    "{% raw %}{{ x }} {% if %}{% endraw %} a",
    "  {% raw -%}  {{ x }}  {%- endraw %}\n a",
    "{{ '{{' }} {{ '%}' }} {{ \"}}\" }}",
    "{{ {'a': {'b': 1}}['a']['b'] }}",
    "{{ {'a': {}} }}",
    "{% if true %}{% if false %}a{% elif none %}b{% else %}c{% endif %}{% endif %}",
    "{% if x %}a{% endif %}b",
    "{% for i in l %}{{ i }}{% if not loop.last %},{% endif %}{% endfor %}",
    "{% for i in l %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.last }}{{ loop.length }}{{ loop.depth }} {% endfor %}",
    "{% for i in l %}{{ loop.previtem }}<{{ i }}>{{ loop.nextitem }} {% endfor %}",
    "{% for i in l %}{{ loop.cycle('a', 'b') }}{{ loop.changed(i > 1) }} {% endfor %}",
    "{% for i in [] %}a{% else %}none{% endfor %}",
    "{% for i in l if i > 1 %}{{ loop.index }}:{{ i }}/{{ loop.length }} {% else %}none{% endfor %}",
    "{% for i in l if i > 9 %}{{ i }}{% else %}none{% endfor %}",
    "{% for k, v in d.items() %}{{ k }}={{ v }};{% endfor %}",
    "{% for k, v in d | dictsort %}{{ k }}={{ v }};{% endfor %}",
    "{% for k in d %}{{ k }}{% endfor %}",
    "{% for c in 'ab👍' %}[{{ c }}]{% endfor %}",
    "{% for a, (b, c) in [(1, (2, 3))] %}{{ a }}{{ b }}{{ c }}{% endfor %}",
    "{% for a, b in [1] %}{% endfor %}",
    "{% for a, b in [(1, 2, 3)] %}{% endfor %}",
    "{% for i in 5 %}{% endfor %}",
    "{% for i in none %}{% endfor %}",
    "{% for i in x %}a{% else %}b{% endfor %}",
    "{% for i in l %}{% if i == 1 %}{% continue %}{% endif %}{{ i }}{% endfor %}",
    "{% for i in l %}{% if i == 1 %}{% break %}{% endif %}{{ i }}{% endfor %}",
    "{% for i in l %}{% for j in l %}{% if j == 2 %}{% break %}{% endif %}{{ j }}{{ loop.depth }}{% endfor %};{% endfor %}",
    "{% for i in [1, [2, [3]]] recursive %}{{ loop(i) if i is not number else i }}{{ loop.depth }}{% endfor %}",
    "{% set a = 1 %}{% for i in l %}{% set a = a + i %}{{ a }} {% endfor %}{{ a }}",
    "{% set ns = namespace(a=1) %}{% for i in l %}{% set ns.a = ns.a + i %}{% endfor %}{{ ns.a }}",
    "{% set ns = 1 %}{% set ns.a = 2 %}",
    "{% set a, b = 1, 2 %}{{ a }}{{ b }}",
    "{% set a %}x{{ n }}{% endset %}{{ a }}",
    "{% set a | upper | replace('X', 'y') %}x{{ n }}{% endset %}{{ a }}",
    "{% if true %}{% set a = 1 %}{% endif %}{{ a }}",
    "{% for i in l %}{% set b = i %}{% endfor %}{{ b }}",
    "{% with a = 1, b = 2 %}{{ a }}{{ b }}{% set c = 3 %}{{ c }}{% endwith %}{{ a }}{{ c }}",
    "{% with %}{% set a = 1 %}{{ a }}{% endwith %}{{ a }}",
    "{% set a = 5 %}{% with a = a + 1, b = a %}{{ a }}{{ b }}{% endwith %}",
    "{% macro m(a, b=2, c=b + 1) %}{{ a }}{{ b }}{{ c }}{% endmacro %}{{ m(1) }} {{ m(1, 5) }} {{ m(1, c=9) }} {{ m(b=1, a=0) }}",
    "{% macro m(a) %}[{{ a }}]{% endmacro %}{{ m() }}{{ m(none) }}{{ m('x') | upper }}",
    "{% macro m(a) %}{{ a }}{% endmacro %}{{ m(1, 2) }}",
    "{% macro m(a) %}{{ a }}{% endmacro %}{{ m(b=2) }}",
    "{% macro m(a) %}{{ a }}{{ varargs }}{{ kwargs }}{% endmacro %}{{ m(1, 2, 3, z=4) }}",
    "{% macro m(a) %}{{ a }}{% endmacro %}{{ m.name }}{{ m.arguments }}{{ m.catch_kwargs }}{{ m.caller }}",
    "{% macro m() %}<{{ caller() }}>{% endmacro %}{% call m() %}in{{ n }}{% endcall %}",
    "{% macro m() %}<{{ caller('x') }}>{% endmacro %}{% call(a) m() %}{{ a }}{% endcall %}",
    "{% macro m() %}{{ caller is defined }}{% endmacro %}{{ m() }}",
    "{% macro m() %}x{% endmacro %}{% call m() %}in{% endcall %}",
    "{% set a = 1 %}{% macro m() %}{{ a }}{% endmacro %}{% set a = 2 %}{{ m() }}",
    "{% macro m() %}{{ later }}{% endmacro %}{% set later = 2 %}{{ m() }}",
    "{% macro f(n) %}{{ n }}{% if n > 0 %}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(3) }}",
    "{% macro m() %}{% set n = 1 %}{{ n }}{% endmacro %}{{ m() }}{{ n }}",
    "{% filter upper %}a{{ s }}{% endfilter %}",
    "{% filter replace('a', 'b') | upper %}aca{% endfilter %}",
    "{% filter trim %}  a {% endfilter %}|",
    "{% print 1, 2 %}",
    "{% generation %}\n  a{% set q = 1 %}{{ q }}\n{% endgeneration %}\n{{ q }}",
    "{%- generation -%} a {%- endgeneration -%} b",
    "{{ 1, 2 }}",
    "{{ raise_exception('no') }}",
    "{{ strftime_now('%d %b %Y') }}",
    "{% set args = [1, 2] %}{% macro m(a, b, c=0) %}{{ a }}{{ b }}{{ c }}{% endmacro %}{{ m(*args) }}{{ m(*args, **{'c': 3}) }}",
    "{{ m(**1) }}",
    "{% if 1 in [1] and not false %}a{% endif %}",
    "{% if l %}a{% endif %}{% if [] %}b{% endif %}{% if {} %}c{% endif %}{% if 0.0 %}d{% endif %}{% if '0' %}e{% endif %}",
    "{% set g = l | select('odd') %}{{ g | list }}{{ g | list }}",
    "{% set g = l | map('string') %}{% for i in g %}{{ loop.length }}{{ i }}{% endfor %}",
    "{% for i in l | select('odd') %}{{ i }}{{ loop.last }}{% endfor %}",
    "{% set c = cycler('a', 'b') %}{{ c.next() }}{{ c.next() }}{{ c.next() }}{{ c.current }}{% set _ = c.reset() %}{{ c.next() }}",
    "{% set j = joiner('; ') %}{% for i in l %}{{ j() }}{{ i }}{% endfor %}",
    "{% set x %}{% for m in users %}{{ m.name }}\n{% endfor %}{% endset %}{{ x | indent(2) }}|",
    "{{ users[0].name if users else 'none' }}{{ users[-1]['name'] }}",
    "{%- for m in users %}\n{{- m.name }}\n{%- endfor %}",
    "{% for m in users -%}\n  {{ m.name }}\n{% endfor -%}\nend",
    "    {% for m in users %}\n    - {{ m.name }}\n    {% endfor %}\nend",
    "{% set d2 = dict(d, c=3) %}{{ d2 }}{{ d }}",
    "{% if loop is defined %}a{% else %}b{% endif %}",
    "{{ 'a' }}\n{{ 'b' }}\n",
    "\n\n{% set a = 1 %}\n\n{{ a }}\n\n",
    "{% set a = 1 -%}\n\n  {{ a }}",
    "{{ a.b.c }}",
    "{% if a.b %}x{% endif %}",
    "{% if a.b.c %}x{% endif %}",
    "{% set a = none %}{{ a.b }}{% if a.b is defined %}x{% else %}y{% endif %}",
    "{% unknown %}",
    "{% if true %}",
    "{% endif %}",
    "{{ }}",
    "{{ 1 2 }}",
    "{{ 'a }}",
    "{{ (1 }}",
    "{{ 1) }}",
    "{% for %}",
    "{% for i in l %}{% endif %}",
    "{% set 1 = 2 %}",
    "{% set true = 2 %}",
    "{# a",
    "{% raw %}",
    "{{ a. }}",
    "{{ a b }}",
    "{{ f(a=1, 2) }}",
    "{{ f(*a, *b) }}",
    "{% macro m(a=1, b) %}{% endmacro %}",
    "{{ 1 is odd is even }}",
    "{{ ? }}",
    "{% include 'x' %}",
    "{% extends 'x' %}",
    "{{ x | nope }}",
    "{% if false %}{{ x | nope }}{% endif %}a",
    "{{ [1, 2,] }}{{ {'a': 1,} }}{{ (1, 2,) }}",
    "{{ range(3)|join }}{{-'x'-}}",
    "{%if true%}a{%endif%}",
    "{%set a=[1,2,3]%}{{a[0]~a[-1]}}",
    "{{ messages | length }}{% for message in messages %}{{ message['role'] }}: {{ message.content | trim }}\n{% endfor %}",
]

# Written for the tests, with what real templates do: trimming, counting, namespaces, tools as JSON, thinking cut out of the history.
CHATS = {
    "chatml": """{%- if tools %}
    {{- '<|im_start|>system\\n' }}
    {%- if messages[0].role == 'system' %}
        {{- messages[0].content + '\\n\\n' }}
    {%- endif %}
    {{- "# Tools\\n\\n<tools>" }}
    {%- for tool in tools %}
        {{- "\\n" }}
        {{- tool | tojson }}
    {%- endfor %}
    {{- "\\n</tools><|im_end|>\\n" }}
{%- else %}
    {%- if messages[0].role == 'system' %}
        {{- '<|im_start|>system\\n' + messages[0].content + '<|im_end|>\\n' }}
    {%- endif %}
{%- endif %}
{%- set ns = namespace(multi_step_tool=true, last_query_index=messages|length - 1) %}
{%- for message in messages[::-1] %}
    {%- set index = (messages|length - 1) - loop.index0 %}
    {%- if ns.multi_step_tool and message.role == "user" and message.content is string and not(message.content.startswith('<tool_response>') and message.content.endswith('</tool_response>')) %}
        {%- set ns.multi_step_tool = false %}
        {%- set ns.last_query_index = index %}
    {%- endif %}
{%- endfor %}
{%- for message in messages %}
    {%- set content = message.content if message.content is string else '' %}
    {%- if (message.role == "user") or (message.role == "system" and not loop.first) %}
        {{- '<|im_start|>' + message.role + '\\n' + content + '<|im_end|>' + '\\n' }}
    {%- elif message.role == "assistant" %}
        {%- set reasoning_content = '' %}
        {%- if message.reasoning_content is string %}
            {%- set reasoning_content = message.reasoning_content %}
        {%- elif '</think>' in content %}
            {%- set reasoning_content = content.split('</think>')[0].rstrip('\\n').split('<think>')[-1].lstrip('\\n') %}
            {%- set content = content.split('</think>')[-1].lstrip('\\n') %}
        {%- endif %}
        {%- if loop.index0 > ns.last_query_index and (loop.last or (not loop.last and reasoning_content)) %}
            {{- '<|im_start|>' + message.role + '\\n<think>\\n' + reasoning_content.strip('\\n') + '\\n</think>\\n\\n' + content.lstrip('\\n') }}
        {%- else %}
            {{- '<|im_start|>' + message.role + '\\n' + content }}
        {%- endif %}
        {%- for tool_call in message.tool_calls or [] %}
            {%- if (loop.first and content) or (not loop.first) %}{{- '\\n' }}{%- endif %}
            {%- if tool_call.function %}{%- set tool_call = tool_call.function %}{%- endif %}
            {{- '<tool_call>\\n{"name": "' }}{{- tool_call.name }}{{- '", "arguments": ' }}
            {%- if tool_call.arguments is string %}{{- tool_call.arguments }}{%- else %}{{- tool_call.arguments | tojson }}{%- endif %}
            {{- '}\\n</tool_call>' }}
        {%- endfor %}
        {{- '<|im_end|>\\n' }}
    {%- elif message.role == "tool" %}
        {%- if loop.first or (messages[loop.index0 - 1].role != "tool") %}{{- '<|im_start|>user' }}{%- endif %}
        {{- '\\n<tool_response>\\n' }}{{- content }}{{- '\\n</tool_response>' }}
        {%- if loop.last or (messages[loop.index0 + 1].role != "tool") %}{{- '<|im_end|>\\n' }}{%- endif %}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
    {%- if enable_thinking is defined and enable_thinking is false %}{{- '<think>\\n\\n</think>\\n\\n' }}{%- endif %}
{%- endif %}""",
    "headers": """{{- bos_token }}
{%- if custom_tools is defined %}{%- set tools = custom_tools %}{%- endif %}
{%- if not date_string is defined %}{%- set date_string = "26 Jul 2024" %}{%- endif %}
{%- if messages[0]['role'] == 'system' %}
    {%- set system_message = messages[0]['content']|trim %}
    {%- set messages = messages[1:] %}
{%- else %}
    {%- set system_message = "" %}
{%- endif %}
{{- "<|start_header_id|>system<|end_header_id|>\\n\\n" }}
{{- "Today Date: " + date_string + "\\n\\n" }}
{%- if tools is not none %}
    {%- for t in tools %}
        {{- t | tojson(indent=4) }}
        {{- "\\n\\n" }}
    {%- endfor %}
{%- endif %}
{{- system_message }}
{{- "<|eot_id|>" }}
{%- for message in messages %}
    {%- if not (message.role == 'ipython' or message.role == 'tool' or 'tool_calls' in message) %}
        {{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n'+ message['content'] | trim + '<|eot_id|>' }}
    {%- elif 'tool_calls' in message %}
        {%- if not message.tool_calls|length == 1 %}{{- raise_exception("This model only supports single tool-calls at once!") }}{%- endif %}
        {%- set tool_call = message.tool_calls[0].function %}
        {{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' -}}
        {{- '{"name": "' + tool_call.name + '", ' }}
        {{- '"parameters": ' }}
        {{- tool_call.arguments | tojson }}
        {{- "}" }}
        {{- "<|eot_id|>" }}
    {%- elif message.role == "tool" or message.role == "ipython" %}
        {{- "<|start_header_id|>ipython<|end_header_id|>\\n\\n" }}
        {%- if message.content is mapping or message.content is iterable %}
            {{- message.content | tojson }}
        {%- else %}
            {{- message.content }}
        {%- endif %}
        {{- "<|eot_id|>" }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}
{%- endif %}
""",
    "alternating": """{%- if messages[0]["role"] == "system" %}
    {%- set system_message = messages[0]["content"] %}
    {%- set loop_messages = messages[1:] %}
{%- else %}
    {%- set loop_messages = messages %}
{%- endif %}
{%- set user_messages = loop_messages | selectattr("role", "equalto", "user") | list %}
{%- set ns = namespace() %}
{%- set ns.index = 0 %}
{%- for message in loop_messages %}
    {%- if not (message.role == "tool" or message.role == "tool_results" or (message.tool_calls is defined and message.tool_calls is not none)) %}
        {%- if (message["role"] == "user") != (ns.index % 2 == 0) %}
            {{- raise_exception("After the optional system message, conversation roles must alternate user/assistant/user/assistant/...") }}
        {%- endif %}
        {%- set ns.index = ns.index + 1 %}
    {%- endif %}
{%- endfor %}
{{- bos_token }}
{%- for message in loop_messages %}
    {%- if message["role"] == "user" %}
        {%- if tools is not none and (message == user_messages[-1]) %}
            {{- "[AVAILABLE_TOOLS] [" }}
            {%- for tool in tools %}
                {%- set tool = tool.function %}
                {{- '{"type": "function", "function": {' }}
                {%- for key, val in tool.items() if key != "return" %}
                    {%- if val is string %}
                        {{- '"' + key + '": "' + val + '"' }}
                    {%- else %}
                        {{- '"' + key + '": ' + val|tojson }}
                    {%- endif %}
                    {%- if not loop.last %}{{- ", " }}{%- endif %}
                {%- endfor %}
                {{- "}}" }}
                {%- if not loop.last %}{{- ", " }}{%- else %}{{- "]" }}{%- endif %}
            {%- endfor %}
            {{- "[/AVAILABLE_TOOLS]" }}
        {%- endif %}
        {%- if loop.last and system_message is defined %}
            {{- "[INST] " + system_message + "\\n\\n" + message["content"] + "[/INST]" }}
        {%- else %}
            {{- "[INST] " + message["content"] + "[/INST]" }}
        {%- endif %}
    {%- elif message.tool_calls is defined and message.tool_calls is not none %}
        {{- "[TOOL_CALLS] [" }}
        {%- for tool_call in message.tool_calls %}
            {%- set out = tool_call.function|tojson %}
            {{- out[:-1] }}
            {%- if not tool_call.id is defined or tool_call.id|length != 9 %}
                {{- raise_exception("Tool call IDs should be alphanumeric strings with length 9!") }}
            {%- endif %}
            {{- ', "id": "' + tool_call.id + '"}' }}
            {%- if not loop.last %}{{- ", " }}{%- else %}{{- "]" + eos_token }}{%- endif %}
        {%- endfor %}
    {%- elif message["role"] == "assistant" %}
        {{- " " + message["content"]|trim + eos_token}}
    {%- elif message["role"] == "tool_results" or message["role"] == "tool" %}
        {{- '[TOOL_RESULTS] {"content": ' + message.content|string + ", " }}
        {{- '"call_id": "' + message.tool_call_id + '"}[/TOOL_RESULTS]' }}
    {%- else %}
        {{- raise_exception("Only user and assistant roles are supported, with the exception of an initial optional system message!") }}
    {%- endif %}
{%- endfor %}
""",
    "turns": """{{ bos_token }}
{%- if messages[0]['role'] == 'system' -%}
    {%- if messages[0]['content'] is string -%}
        {%- set first_user_prefix = messages[0]['content'] + '

' -%}
    {%- else -%}
        {%- set first_user_prefix = messages[0]['content'][0]['text'] + '

' -%}
    {%- endif -%}
    {%- set loop_messages = messages[1:] -%}
{%- else -%}
    {%- set first_user_prefix = "" -%}
    {%- set loop_messages = messages -%}
{%- endif -%}
{%- for message in loop_messages -%}
    {%- if (message['role'] == 'user') != (loop.index0 % 2 == 0) -%}
        {{ raise_exception("Conversation roles must alternate user/assistant/user/assistant/...") }}
    {%- endif -%}
    {%- if (message['role'] == 'assistant') -%}
        {%- set role = "model" -%}
    {%- else -%}
        {%- set role = message['role'] -%}
    {%- endif -%}
    {{ '<start_of_turn>' + role + '
' + (first_user_prefix if loop.first else "") }}
    {%- if message['content'] is string -%}
        {{ message['content'] | trim }}
    {%- elif message['content'] is iterable -%}
        {%- for item in message['content'] -%}
            {%- if item['type'] == 'image' -%}
                {{ '<start_of_image>' }}
            {%- elif item['type'] == 'text' -%}
                {{ item['text'] | trim }}
            {%- endif -%}
        {%- endfor -%}
    {%- else -%}
        {{ raise_exception("Invalid content type") }}
    {%- endif -%}
    {{ '<end_of_turn>
' }}
{%- endfor -%}
{%- if add_generation_prompt -%}
    {{'<start_of_turn>model
'}}
{%- endif -%}
""",
    "plain": "{% for message in messages %}{% if message['role'] == 'system' and message['content'] %}{{'<|system|>\n' + message['content'] + '<|end|>\n'}}{% elif message['role'] == 'user' %}{{'<|user|>\n' + message['content'] + '<|end|>\n'}}{% elif message['role'] == 'assistant' %}{{'<|assistant|>\n' + message['content'] + '<|end|>\n'}}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>\n' }}{% else %}{{ eos_token }}{% endif %}",
    "namespaces": "{% if not add_generation_prompt is defined %}{% set add_generation_prompt = false %}{% endif %}{% set ns = namespace(is_first=false, is_tool=false, system_prompt='') %}{%- for message in messages %}{%- if message['role'] == 'system' %}{% set ns.system_prompt = message['content'] %}{%- endif %}{%- endfor %}{{bos_token}}{{ns.system_prompt}}{%- for message in messages %}{%- if message['role'] == 'user' %}{%- set ns.is_tool = false -%}{{'<|User|>' + message['content']}}{%- endif %}{%- if message['role'] == 'assistant' and message['content'] is not none %}{%- if ns.is_tool %}{{'<|tool_outputs_end|>' + message['content'] + '<|end|>'}}{%- set ns.is_tool = false -%}{%- else %}{% set content = message['content'] %}{% if '</think>' in content %}{% set content = content.split('</think>')[-1] %}{% endif %}{{'<|Assistant|>' + content + '<|end|>'}}{%- endif %}{%- endif %}{%- if message['role'] == 'tool' %}{%- set ns.is_tool = true -%}{{'<|tool|>' + message['content']}}{%- endif %}{%- endfor -%}{% if ns.is_tool %}{{'<|tool_outputs_end|>'}}{% endif %}{% if add_generation_prompt and not ns.is_tool %}{{'<|Assistant|><think>\n'}}{% endif %}",
    "typescript": """{%- macro type_of(spec) -%}
    {%- if spec.type == "array" -%}
        {{- type_of(spec["items"]) if spec["items"] else "any" }}[]
    {%- elif spec.enum is defined and spec.enum | length > 0 -%}
        {{- '"' + spec.enum | join('" | "') + '"' -}}
    {%- elif spec.type is defined and spec.type is iterable and spec.type is not mapping and spec.type is not string -%}
        {{- spec.type | join(" | ") -}}
    {%- else -%}
        {{- {"integer": "number", "boolean": "boolean"}.get(spec.type, spec.type) -}}
    {%- endif -%}
{%- endmacro -%}
{%- macro functions(tools) -%}
    {%- for tool in tools | map(attribute="function") | sort(attribute="name") %}
        {{- "// " + tool.description | capitalize + "\\n" }}
        {{- "type " + tool.name + " = (_: {\\n" }}
        {%- for name, spec in tool.parameters.properties.items() | sort(reverse=true) %}
            {{- name }}{{ "" if name in (tool.parameters.required or []) else "?" }}: {{ type_of(spec) }}{% if not loop.last %},{% endif %}{{ "\\n" }}
        {%- endfor %}
        {{- "}) => any;\\n" }}
    {%- endfor %}
{%- endmacro -%}
{% if tools %}
{{ functions(tools) | trim }}
{% endif %}
{% for message in messages %}
    {% set role = message.role %}
    {% if role == "assistant" %}
<|{{ role }}|>{% generation %}{{ message.content or "" }}{% endgeneration %}

    {% elif loop.first and role == "system" %}
<|{{ role }}|>{{ message.content | replace("{name}", "You") }}
    {% else %}
<|{{ role }} {{ "%02d" | format(loop.index) }}|>{{ message.content | string | truncate(40) }}
    {% endif %}
{% endfor %}
{{- "(" ~ messages | map(attribute="role") | unique | join("/") ~ ")" }}""",
}

TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "get_weather",
            "description": "the weather of a city: 20 °C, \"sunny\" <b>",
            "parameters": {
                "type": "object",
                "properties": {
                    "city": {"type": "string", "description": "a city's name"},
                    "unit": {"type": "string", "enum": ["C", "F"]},
                    "days": {"type": "array", "items": {"type": "integer"}},
                },
                "required": ["city"],
            },
        },
    },
    {"type": "function", "function": {"name": "add", "description": "adds", "parameters": {"properties": {"a": {"type": ["integer", "null"]}}}}},
]
USER = {"role": "user", "content": "  What's 2 + 2?\n"}
CONVERSATIONS = [
    [USER],
    [{"role": "system", "content": "You are {name}.\n"}, USER, {"role": "assistant", "content": "\n\n  4 \n"}],
    [
        USER,
        {"role": "assistant", "content": "<think>\n\n  two and two\n\n</think>\n\n    4\n"},
        {"role": "user", "content": "Sure? 👍"},
        {"role": "assistant", "content": "<think>\nyes</think>\n\nYes."},
    ],
    [
        {"role": "system", "content": "Use tools."},
        {"role": "user", "content": "Weather in Zürich?"},
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [
                {"type": "function", "id": "abc123def", "function": {"name": "get_weather", "arguments": {"city": "Zürich", "days": [1, 2]}}}
            ],
        },
        {"role": "tool", "name": "get_weather", "content": "{\"temp\": 20.0}", "tool_call_id": "abc123def"},
        {"role": "assistant", "content": "20 °C"},
    ],
    [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": " What is this? "}]}],
    [USER, USER],
]
SETTINGS = [
    {},
    {"add_generation_prompt": True},
    {"add_generation_prompt": True, "tools": TOOLS},
    {"add_generation_prompt": True, "enable_thinking": False},
]


def render(template, variables):
    """The text, or the message of the error."""
    try:
        return {"text": environment.from_string(template).render(**variables)}
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"}


def conversations():
    for messages in CONVERSATIONS:
        for setting in SETTINGS:
            yield {"messages": messages, "tools": None, "documents": None, "add_generation_prompt": False, **setting, "bos_token": "<s>", "eos_token": "</s>"}


def record():
    variables = {**VARIABLES, "messages": CONVERSATIONS[1]}
    expressions = [[text, render("{{ " + text + " }}", variables)] for text in EXPRESSIONS]
    templates = [[text, render(text, variables)] for text in TEMPLATES]
    chats = {name: [text, [render(text, each) for each in conversations()]] for name, text in CHATS.items()}
    result = {
        "variables": variables,
        "expressions": expressions,
        "templates": templates,
        "conversations": list(conversations()),
        "chats": chats,
    }
    # A line for each case, so that a diff shows what changed.
    parts = [f"{json.dumps(key)}: {lines(value)}" for key, value in result.items()]
    path = Path(__file__).parents[2] / "__test__/fixtures/jinja.json"
    path.write_text("{\n" + ",\n".join(parts) + "\n}\n")


def lines(value):
    if isinstance(value, dict):
        items = [f"{json.dumps(key)}: {json.dumps(each, ensure_ascii=False)}" for key, each in value.items()]
        return "{\n" + ",\n".join(items) + "\n}"
    return "[\n" + ",\n".join(json.dumps(each, ensure_ascii=False) for each in value) + "\n]"


def real(folder):
    cases = {}
    for path in sorted(Path(folder).glob("*.jinja")):
        text = path.read_text()
        cases[path.name] = [text, [render(text, each) for each in conversations()]]
    print(json.dumps({"conversations": list(conversations()), "chats": cases}))


if __name__ == "__main__":
    real(sys.argv[1]) if len(sys.argv) > 1 else record()
