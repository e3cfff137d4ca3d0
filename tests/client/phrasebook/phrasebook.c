/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* The service's messages, in Spanish. */

#include "config.h"

#include "phrasebook/phrasebook.h"

#include <glib/gstdio.h>
#include <libintl.h>
#include <locale.h>
#include <unistd.h>

#include "keyblob/error-details.h"
#include "phrasebook/library-text.h"
#include "tls-handoff-error.h"

/* Breaks if a message that the service composes is not recognized, or names are translated. */
static void
test_composed (void)
{
  static const char *const cases[][2] = {
    { "The caller is gone", "Quien llamó ya no está" },
    { "Option label: is empty", "Opción label: está vacío" },
    { "Option roles: must be client, server, or both",
      "Opción roles: debe ser client, server o ambos" },
    { "This user has 64 handshakes at once, which is the limit; try again when some have ended",
      "Este usuario ha llegado al límite, con 64 negociaciones a la vez; inténtelo de nuevo cuando "
      "haya menos" },
    { "This user has reached the limit of handshakes at once (1); try again when some have ended",
      "Este usuario ha llegado al límite de negociaciones a la vez (1); inténtelo de nuevo cuando "
      "haya menos" },
    { "The peer did not finish the handshake within 1 s: it sent nothing",
      "El interlocutor no terminó la negociación en 1 s: no envió nada" },
    { "The certificate of a.example is not trusted: it has expired (2026-01-02 03:04:05 UTC); it "
      "is "
      "for another name (“has expired”); and nobody accepted it within 5 s (DecisionTimeout)",
      "El certificado de a.example no es de confianza: ha caducado (2026-01-02 03:04:05 UTC); es "
      "para otro nombre (“has expired”); y nadie lo aceptó en 5 s (DecisionTimeout)" },
    { "The certificate of the client is not trusted: “a; b” in its chain has expired",
      "El certificado del cliente no es de confianza: «a; b», en su cadena, ha caducado" },
    { "The credential “The caller is gone” is not for clients",
      "La credencial «The caller is gone» no es para clientes" },
    { "server_identity: empty; it must be a DNS name, or an IPv4 or IPv6 address without brackets",
      "server_identity: está vacío; debe ser un nombre DNS, o una dirección IPv4 o IPv6 sin "
      "corchetes" },
    { "The key state's read key has 3 bytes, the cipher suite needs 16",
      "El elemento read key del estado de claves tiene 3 bytes, y el conjunto de cifrado necesita "
      "16" },
    { "data: is damaged: it begins like PKCS#12, but cannot be read",
      "data: está dañado: empieza como PKCS#12, pero no se puede leer" },
    /* What nobody knows here stays. */
    { "A newer service says: is empty", "A newer service says: is empty" },
    { "%s%n: %5$s", "%s%n: %5$s" },
    { "", "" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *translated = handoff_phrasebook_translate (cases[i][0]);

      g_assert_cmpstr (translated, ==, cases[i][1]);
    }
}

/* Breaks if the words of GnuTLS, which every version translates in its own way, stay in English. */
static void
test_foreign (void)
{
  const char *words = "The TLS connection was non-properly terminated.";
  const char *foreign = g_dgettext ("gnutls30", words);
  g_autofree char *text = g_strconcat ("The handshake failed: ", words, NULL);
  g_autofree char *translated = handoff_phrasebook_translate (text);
  g_autofree char *expected = g_strconcat ("La negociación falló: ", foreign, NULL);

  g_assert_cmpstr (translated, ==, expected);
  if (g_str_equal (foreign, words))
    g_test_skip ("This machine's GnuTLS has no Spanish");
}

/* Breaks if a service can have a caller's time or stack. */
static void
test_hostile (void)
{
  g_autofree char *joined = g_strnfill (4000, ';');
  g_autofree char *nested = NULL;
  g_autofree char *large = g_strnfill (1000000, 'x');
  g_autoptr (GString) deep = g_string_new (NULL);
  g_autofree char *same = NULL;

  for (guint i = 0; i < 200; i++)
    g_string_append (deep, "Option a: ");
  nested = handoff_phrasebook_translate (deep->str);
  g_assert_true (g_str_has_prefix (nested, "Opción a: "));
  g_assert_true (g_str_has_suffix (nested, "Option a: "));
  g_free (nested);
  nested = handoff_phrasebook_translate (joined);
  g_assert_cmpstr (nested, ==, joined);
  same = handoff_phrasebook_translate (large);
  g_assert_cmpstr (same, ==, large);
}

/* Breaks if the original or the details are lost, or an error of another domain has them. */
static void
test_error (void)
{
  g_autoptr (GError) error =
      g_error_new_literal (TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CANCELLED, "The service is ending");
  g_autoptr (GError) copy = NULL;
  g_autoptr (GError) unknown =
      g_error_new_literal (TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED, "Something else");
  g_autoptr (GError) foreign =
      g_error_new_literal (G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_OBJECT, "There is no object /a");

  handoff_error_set_details (error, g_variant_new ("a{sv}", NULL));
  handoff_phrasebook_translate_error (error);
  copy = g_error_copy (error);
  g_assert_error (copy, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CANCELLED);
  g_assert_cmpstr (copy->message, ==, "El servicio está terminando");
  g_clear_error (&error);
  g_assert_cmpstr (tls_handoff_error_get_original_message (copy), ==, "The service is ending");
  g_assert_nonnull (tls_handoff_error_get_details (copy));

  handoff_phrasebook_translate_error (unknown);
  g_assert_cmpstr (unknown->message, ==, "Something else");
  g_assert_null (tls_handoff_error_get_original_message (unknown));

  handoff_phrasebook_translate_error (foreign);
  g_assert_cmpstr (foreign->message, ==, "No existe el objeto /a");
  g_assert_null (tls_handoff_error_get_original_message (foreign));
  handoff_phrasebook_translate_error (NULL);
  g_assert_null (tls_handoff_error_get_original_message (NULL));
}

/* The C.UTF-8 locale is always there, but newer C libraries take it as C, without languages. So it
 * gets a name that has one. */
static void
speak_spanish (void)
{
  g_autofree char *directory = g_dir_make_tmp (NULL, NULL);
  g_autofree char *locale = g_build_filename (directory, "es_ES.UTF-8", NULL);

  g_assert_cmpint (symlink ("/usr/lib/locale/C.utf8", locale), ==, 0);
  g_setenv ("LOCPATH", directory, TRUE);
  g_setenv ("LC_ALL", "es_ES.UTF-8", TRUE);
  g_setenv ("LANGUAGE", "es", TRUE);
  g_assert_nonnull (setlocale (LC_ALL, ""));
  g_remove (locale);
  g_rmdir (directory);
}

int
main (int argc, char **argv)
{
  speak_spanish ();
  g_test_init (&argc, &argv, NULL);
  /* The library binds its domain once. */
  handoff_library_text ("x");
  bindtextdomain (GETTEXT_PACKAGE, TEST_LOCALES);
  g_test_add_func ("/client/phrasebook/composed", test_composed);
  g_test_add_func ("/client/phrasebook/foreign", test_foreign);
  g_test_add_func ("/client/phrasebook/hostile", test_hostile);
  g_test_add_func ("/client/phrasebook/error", test_error);
  return g_test_run ();
}
