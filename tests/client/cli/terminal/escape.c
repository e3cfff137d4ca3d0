/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Text on its way to a terminal. */

#include <json-glib/json-glib.h>
#include <string.h>

#include "terminal/escape.h"

static void
assert_escaped (const char *text, gssize size, const char *expected)
{
  g_autofree char *escaped = cli_escape (text, size);

  g_assert_cmpstr (escaped, ==, expected);
}

/* Breaks if text that is fine is made hard to read. */
static void
test_harmless (void)
{
  assert_escaped ("", -1, "");
  assert_escaped ("CN=example.org,O=A \"B\" \\, C", -1, "CN=example.org,O=A \"B\" \\, C");
  assert_escaped ("bücher.example 書籍 😀", -1, "bücher.example 書籍 😀");
}

/* Breaks if a certificate can move the cursor, set the window's title, or add lines of its own. */
static void
test_controls (void)
{
  assert_escaped ("a\033[2Jb", -1, "a\\x1b[2Jb");
  assert_escaped ("a\nb\rc\td\be\177", -1, "a\\x0ab\\x0dc\\x09d\\x08e\\x7f");
  assert_escaped ("a\0b", 3, "a\\x00b");
  assert_escaped ("\xc2\x9b\x32J", -1, "\\u{009b}2J"); /* CSI in one character */
}

/* Breaks if a name can be made to look like another one. */
static void
test_invisible (void)
{
  assert_escaped ("moc.\xe2\x80\xae"
                  "evil",
                  -1, "moc.\\u{202e}evil");                     /* right-to-left override */
  assert_escaped ("pay\xe2\x80\x8bpal", -1, "pay\\u{200b}pal"); /* zero-width space */
  assert_escaped ("\xe2\x80\xa8\xef\xbb\xbf", -1, "\\u{2028}\\u{feff}"); /* line separator, BOM */
  assert_escaped ("\xf3\xa0\x81\x81", -1, "\\u{e0041}");                 /* tag character */
  assert_escaped ("pay\xe3\x85\xa4pal", -1, "pay\\u{3164}pal"); /* Hangul filler, a letter */
  assert_escaped ("pay\xcd\x8fpal", -1, "pay\\u{034f}pal");     /* grapheme joiner, a mark */
  assert_escaped ("\xf3\xa0\x84\x80", -1, "\\u{e0100}");        /* variation selector */
}

/* Breaks if bytes that are not UTF-8 get through, or the text that follows them is lost. */
static void
test_invalid (void)
{
  assert_escaped ("a\xff\x80z", -1, "a\\xff\\x80z");
  assert_escaped ("caf\xe9", -1, "caf\\xe9");
  assert_escaped ("\xc0\x9b", -1, "\\xc0\\x9b");          /* overlong */
  assert_escaped ("\xed\xa0\x80", -1, "\\xed\\xa0\\x80"); /* surrogate */
  assert_escaped ("\xe2\x80", -1, "\\xe2\\x80");          /* cut short */
  assert_escaped ("\xc2\x9b", 1, "\\xc2");                /* cut short by the size */
}

/* Breaks if escaping changes what the JSON means, or lets a control character through. */
static void
test_json (void)
{
  const char *value = "ü \033 \xc2\x9b \177 \xe2\x80\xae \xf3\xa0\x81\x81 😀 \" \\ \n";
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  g_autoptr (JsonNode) root = NULL;
  g_autoptr (JsonNode) parsed = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *json = NULL;
  g_autofree char *escaped = NULL;
  const char *p;

  json_builder_begin_array (builder);
  json_builder_add_string_value (builder, value);
  json_builder_end_array (builder);
  root = json_builder_get_root (builder);
  json = json_to_string (root, TRUE);
  escaped = cli_escape_json (json);
  for (p = escaped; *p != '\0'; p = g_utf8_next_char (p))
    g_assert_true (*p == '\n' || g_unichar_isprint (g_utf8_get_char (p)));
  parsed = json_from_string (escaped, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (json_array_get_string_element (json_node_get_array (parsed), 0), ==, value);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/cli/escape/harmless", test_harmless);
  g_test_add_func ("/cli/escape/controls", test_controls);
  g_test_add_func ("/cli/escape/invisible", test_invisible);
  g_test_add_func ("/cli/escape/invalid", test_invalid);
  g_test_add_func ("/cli/escape/json", test_json);
  return g_test_run ();
}
