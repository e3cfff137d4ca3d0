/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* What is said to servers, and understood of them, before TLS begins. A server here is a text that
 * it has said in advance: what is read too much, or too little, shows in what is left of it. */

#include <gio/gio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "starttls/starttls.h"

/* Milliseconds: no test takes that long; and for a server that shall be given up. */
#define FOREVER 600000
#define AT_ONCE 0

#define BYTES(text) text, sizeof text - 1
#define XMPP_STREAM                                                                                \
  "<?xml version='1.0'?><stream:stream xmlns='jabber:client' "                                     \
  "xmlns:stream='http://etherx.jabber.org/streams' id='ä' from='example.org' version='1.0'>"
#define XMPP_TLS "urn:ietf:params:xml:ns:xmpp-tls"
#define XMPP_FEATURES                                                                              \
  "<stream:features><starttls xmlns='" XMPP_TLS "'><required/></starttls>"                         \
  "<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>PLAIN</mechanism>"              \
  "</mechanisms></stream:features>"
#define LDAP_REQUEST                                                                               \
  "\x30\x1d\x02\x01\x01\x77\x18\x80\x16"                                                           \
  "1.3.6.1.4.1.1466.20037"
#define POSTGRES_REQUEST "\0\0\0\x08\x04\xd2\x16\x2f"
#define MYSQL_GREETING(capabilities)                                                               \
  "\x4a\0\0\0\x0a"                                                                                 \
  "8.0.36\0"                                                                                       \
  "\1\0\0\0"                                                                                       \
  "abcdefgh"                                                                                       \
  "\0" capabilities "\xff\2\0\xff\xdf\x15"                                                         \
  "\0\0\0\0\0\0\0\0\0\0"                                                                           \
  "abcdefghijkl\0"                                                                                 \
  "caching_sha2_password\0"
#define MYSQL_REQUEST                                                                              \
  "\x20\0\0\1\0\x8a\0\0\0\0\0\1\x2d"                                                               \
  "\0\0\0\0\0\0\0\0\0\0\0\0"                                                                       \
  "\0\0\0\0\0\0\0\0\0\0\0"

/* What a server says, and what it hears. */
typedef struct
{
  const char *protocol;
  const char *said;
  gsize said_size;
  const char *heard;
  gsize heard_size;
} Good;

static const Good good[] = {
  { "smtp", BYTES ("220 mail ESMTP\r\n250-mail\r\n250-STARTTLS\r\n250 8BITMIME\r\n220 go\r\n"),
    BYTES ("EHLO localhost\r\nSTARTTLS\r\n") },
  /* Greetings of several lines; replies without a text; line feeds alone. */
  { "smtp", BYTES ("220-mail\r\n220-no spam\r\n220 now\r\n250\r\n220\r\n"),
    BYTES ("EHLO localhost\r\nSTARTTLS\r\n") },
  { "smtp", BYTES ("220 mail\n250-mail\n250 STARTTLS\n220 go\n"),
    BYTES ("EHLO localhost\r\nSTARTTLS\r\n") },
  { "imap", BYTES ("* OK [CAPABILITY IMAP4rev1 STARTTLS] ready\r\na OK begin\r\n"),
    BYTES ("a STARTTLS\r\n") },
  { "imap", BYTES ("* ok ready\r\n* CAPABILITY X\r\nA ok begin\r\n"), BYTES ("a STARTTLS\r\n") },
  /* What looks like an answer in a literal is none. */
  { "imap", BYTES ("* OK\r\n* X {9}\r\na NO no\r\n rest\r\na OK\r\n"), BYTES ("a STARTTLS\r\n") },
  { "pop3", BYTES ("+OK ready <1@x>\r\n+OK begin\r\n"), BYTES ("STLS\r\n") },
  { "ftp", BYTES ("220-ftp\r\n  230 not the end\r\n220 ready\r\n234 go\r\n"),
    BYTES ("AUTH TLS\r\n") },
  { "nntp", BYTES ("200 news\r\n382 go\r\n"), BYTES ("STARTTLS\r\n") },
  { "nntp", BYTES ("201 no posting\r\n382 go\r\n"), BYTES ("STARTTLS\r\n") },
  { "sieve", BYTES ("\"IMPLEMENTATION\" \"x\"\r\n\"STARTTLS\"\r\nOK \"ready\"\r\nOK \"begin\"\r\n"),
    BYTES ("STARTTLS\r\n") },
  { "sieve",
    BYTES ("\"IMPLEMENTATION\" {7}\r\nNO \r\nNO\r\n\"STARTTLS\"\r\nOK (X \"a\")\r\nok\r\n"),
    BYTES ("STARTTLS\r\n") },
  { "ldap", BYTES ("\x30\x0c\2\1\1\x78\7\x0a\1\0\4\0\4\0"), BYTES (LDAP_REQUEST) },
  /* Lengths in the long form, and the name of the operation. */
  { "ldap",
    BYTES ("\x30\x84\0\0\0\x28\2\1\1\x78\x84\0\0\0\x1f\x0a\1\0\4\0\4\0\x8a\x16"
           "1.3.6.1.4.1.1466.20037"),
    BYTES (LDAP_REQUEST) },
  { "xmpp", BYTES (XMPP_STREAM XMPP_FEATURES "<proceed xmlns='" XMPP_TLS "'/>"), NULL, 0 },
  { "xmpp", BYTES (XMPP_STREAM "\n" XMPP_FEATURES " <proceed xmlns='" XMPP_TLS "'></proceed>"),
    NULL, 0 },
  { "postgres", BYTES ("S"), BYTES (POSTGRES_REQUEST) },
  { "mysql", BYTES (MYSQL_GREETING ("\xff\xff")), BYTES (MYSQL_REQUEST) },
  { "mysql", BYTES (MYSQL_GREETING ("\0\x08")), BYTES (MYSQL_REQUEST) },
};

/* What a server says, and what is said of it. */
typedef struct
{
  const char *protocol;
  const char *said;
  gsize said_size;
  const char *error;
} Bad;

#define REFUSES "will not begin TLS: it says “"
#define FOREIGN_TEXT " server: it says “"
#define HANGS_UP "server closed the connection before TLS began"
static const Bad bad[] = {
  { "smtp", BYTES ("554 no\r\n"), "The SMTP server " REFUSES "554 no”" },
  { "smtp", BYTES ("220 x\r\n502 what\r\n"), REFUSES "502 what”" },
  { "smtp", BYTES ("220 x\r\n250 x\r\n454-not now\r\n454 later\r\n"), REFUSES "454 later”" },
  { "smtp", BYTES ("220 x\r\n250 x\r\n250 yes\r\n"), REFUSES "250 yes”" },
  { "smtp", BYTES ("SSH-2.0-OpenSSH\r\n"), "This is no SMTP" FOREIGN_TEXT "SSH-2.0-OpenSSH”" },
  { "smtp", BYTES ("2200 x\r\n"), FOREIGN_TEXT "2200 x”" },
  { "smtp", BYTES ("\r\n"), FOREIGN_TEXT "”" },
  { "smtp", BYTES ("\x4a\0\0\0\x0a"), "it sends the bytes 4a 00" },
  { "smtp", BYTES ("\1\2\3"), "it sends the bytes 01" },
  { "smtp", BYTES ("\x15\3\3\0\2\2\x50"), "The server speaks TLS from the start" },
  { "smtp", BYTES (""), "The server closed the connection before it said anything" },
  { "smtp", BYTES ("220 x"), "The SMTP " HANGS_UP },
  { "smtp", BYTES ("220 x\r\n250-x\r\n"), HANGS_UP },
  { "imap", BYTES ("* BYE full\r\n"), "The IMAP server " REFUSES "* BYE full”" },
  /* Nothing can be asked for any more, and so TLS would never begin. */
  { "imap", BYTES ("* PREAUTH alice\r\na OK\r\n"), REFUSES "* PREAUTH alice”" },
  { "imap", BYTES ("* OK\r\na NO no\r\n"), REFUSES "a NO no”" },
  { "imap", BYTES ("* OK\r\n* CAPABILITY\r\na BAD what\r\n"), REFUSES "a BAD what”" },
  { "imap", BYTES ("* OK\r\nb OK\r\n"), "This is no IMAP" FOREIGN_TEXT "b OK”" },
  { "imap", BYTES ("* OKAY\r\n"), FOREIGN_TEXT "* OKAY”" },
  { "imap", BYTES ("+OK\r\n"), FOREIGN_TEXT "+OK”" },
  { "imap", BYTES ("* OK\r\n* X {99999999999999999999}\r\n"), HANGS_UP },
  { "pop3", BYTES ("-ERR busy\r\n"), "The POP3 server " REFUSES "-ERR busy”" },
  { "pop3", BYTES ("+OK\r\n-ERR what\r\n"), REFUSES "-ERR what”" },
  { "pop3", BYTES ("* OK\r\n"), "This is no POP3" FOREIGN_TEXT "* OK”" },
  { "ftp", BYTES ("421 busy\r\n"), "The FTP server " REFUSES "421 busy”" },
  { "ftp", BYTES ("220 x\r\n504 what\r\n"), REFUSES "504 what”" },
  /* That would be AUTH GSSAPI's. */
  { "ftp", BYTES ("220 x\r\n334 more\r\n"), REFUSES "334 more”" },
  { "nntp", BYTES ("200 x\r\n580 no\r\n"), "The NNTP server " REFUSES "580 no”" },
  { "nntp", BYTES ("220 mail\r\n"), REFUSES "220 mail”" },
  { "sieve", BYTES ("\"X\"\r\nBYE \"full\"\r\n"),
    "The ManageSieve server " REFUSES "BYE \"full\"”" },
  { "sieve", BYTES ("OK\r\nNO \"no\"\r\n"), REFUSES "NO \"no\"”" },
  { "sieve", BYTES ("* OK\r\n"), "This is no ManageSieve" FOREIGN_TEXT "* OK”" },
  { "ldap", BYTES ("\x30\x0e\2\1\1\x78\x09\x0a\1\x34\4\0\4\2no"),
    "The LDAP server " REFUSES "resultCode 52, no”" },
  /* A notice of disconnection: its result is about something else. */
  { "ldap", BYTES ("\x30\x0c\2\1\0\x78\7\x0a\1\0\4\0\4\0"), REFUSES "resultCode 0, ”" },
  /* Another message; another response; elements that are longer than what they are in. */
  { "ldap", BYTES ("\x30\x0c\2\1\2\x78\7\x0a\1\0\4\0\4\0"), "This is no LDAP server" },
  { "ldap", BYTES ("\x30\x0c\2\1\1\x61\7\x0a\1\0\4\0\4\0"), "it sends the bytes 02 01 01 61" },
  { "ldap", BYTES ("\x30\x0c\2\1\1\x78\x08\x0a\1\0\4\0\4\0"), "This is no LDAP server" },
  { "ldap", BYTES ("\x30\x0c\2\1\1\x78\7\x0a\1\0\4\0\4\1"), "This is no LDAP server" },
  { "ldap", BYTES ("\x30\x03\2\1\1"), "This is no LDAP server" },
  { "ldap", BYTES ("\x30\x01\2"), "This is no LDAP server" },
  { "ldap", BYTES ("\x30\0"), "it sends the bytes 30 00" },
  /* Lengths that are not definite, too long to be true, or longer than their own bytes. */
  { "ldap", BYTES ("\x30\x80\2\1\1"), "it sends the bytes 30 80" },
  { "ldap", BYTES ("\x30\x89\1\1\1"), "it sends the bytes 30 89" },
  { "ldap", BYTES ("\x30\x84\xff\xff\xff\xff"), "sends more than any" },
  { "ldap", BYTES ("\x30\x06\2\1\1\x78\x84\xff"), "This is no LDAP server" },
  { "ldap", BYTES ("\x30\x0c\2\1\1"), "The LDAP " HANGS_UP },
  { "ldap", BYTES ("HTTP/1.1 400\r\n"), FOREIGN_TEXT "HT”" },
  { "ldap", BYTES ("\x15\3\3\0\2\2\x50"), "The server speaks TLS from the start" },
  { "postgres", BYTES ("N"), "The PostgreSQL server offers no TLS" },
  /* What an error says may come from anybody. */
  { "postgres",
    BYTES ("E\0\0\0\x0d"
           "Mtrust me\0\0"),
    "The PostgreSQL server offers no TLS" },
  { "postgres", BYTES ("H"), "This is no PostgreSQL" FOREIGN_TEXT "H”" },
  { "postgres", BYTES ("\x15\3\3\0\2\2\x50"), "The server speaks TLS from the start" },
  { "postgres", BYTES (""), "The server closed the connection before it said anything" },
  { "mysql", BYTES (MYSQL_GREETING ("\xff\xf7")), "The MySQL server offers no TLS" },
  { "mysql", BYTES ("\x0b\0\0\0\xff\x10\x04many now"), REFUSES "1040 many now”" },
  { "mysql", BYTES ("\1\0\0\0\xff"), "The MySQL server " REFUSES "”" },
  { "mysql", BYTES ("\0\0\0\0"), "This is no MySQL server" },
  { "mysql",
    BYTES ("\3\0\0\0\x0a"
           "8."),
    "it sends the bytes 0a 38 2e" },
  { "mysql",
    BYTES ("\x10\0\0\0\x0a"
           "8\0"
           "\1\0\0\0"
           "abcdefgh"
           "\0"),
    "This is no MySQL server" },
  { "mysql", BYTES ("\1\0\0\0\x09"), "it sends the bytes 09" },
  { "mysql", BYTES ("220 mail\r\n"), FOREIGN_TEXT "220 ”" },
  { "mysql",
    BYTES ("\x4a\0\0\0\x0a"
           "8.0"),
    "The MySQL " HANGS_UP },
  { "xmpp", BYTES (XMPP_STREAM "<stream:features/>"), "The XMPP server offers no TLS" },
  { "xmpp", BYTES (XMPP_STREAM XMPP_FEATURES "<failure xmlns='" XMPP_TLS "'/>"),
    "The XMPP server " REFUSES "<failure xmlns=" },
  { "xmpp",
    BYTES (XMPP_STREAM "<stream:error><host-unknown xmlns='x'/><text>x</text></stream:error>"),
    REFUSES "host-unknown”" },
  { "xmpp", BYTES (XMPP_STREAM "</stream:stream>"), REFUSES "<?xml" },
  /* Before it was asked. */
  { "xmpp", BYTES (XMPP_STREAM "<proceed xmlns='" XMPP_TLS "'/>"), "This is no XMPP server" },
  { "xmpp", BYTES ("<html>"), "This is no XMPP" FOREIGN_TEXT "<html>”" },
  { "xmpp", BYTES ("HTTP/1.1 400\r\n"), FOREIGN_TEXT "H”" },
  { "xmpp", BYTES ("\x15\3\3\0\2\2\x50"), "The server speaks TLS from the start" },
  { "mysql", BYTES ("\x15\3\3\0\2\2\x50"), "The server speaks TLS from the start" },
  { "xmpp", BYTES (XMPP_STREAM), "The XMPP " HANGS_UP },
};

/* A socket at whose other end a server has said something. */
static void
open_server (const char *said, gsize size, int *fd, int *server)
{
  int fds[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
  g_assert_cmpint (send (fds[1], said, size, MSG_DONTWAIT), ==, size);
  *fd = fds[0];
  *server = fds[1];
}

static const CliStarttls *
find (const char *name)
{
  g_autoptr (GError) error = NULL;
  const CliStarttls *protocol = cli_starttls_find (name, &error);

  g_assert_no_error (error);
  return protocol;
}

/* Breaks if a server that speaks as its RFC says is not understood, if something else is said to
 * it, or if a byte is read that belongs to TLS. */
static void
test_good (void)
{
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (good); i++)
    {
      g_autoptr (GError) error = NULL;
      char heard[1024];
      gssize n;
      int fd, server;

      g_test_message ("%" G_GSIZE_FORMAT ": %s", i, good[i].protocol);
      open_server (good[i].said, good[i].said_size, &fd, &server);
      cli_starttls_run (find (good[i].protocol), fd, "a&b.example", FOREVER, &error);
      g_assert_no_error (error);
      n = recv (server, heard, sizeof heard, MSG_DONTWAIT);
      if (good[i].heard != NULL)
        g_assert_cmpmem (heard, n, good[i].heard, good[i].heard_size);
      else
        g_assert_nonnull (g_strstr_len (heard, n, " to='a&amp;b.example' "));
      g_assert_cmpint (send (server, "TLS", 3, 0), ==, 3);
      n = recv (fd, heard, sizeof heard, MSG_DONTWAIT);
      g_assert_cmpmem (heard, n, "TLS", 3);
      close (fd);
      close (server);
    }
}

/* Breaks if what follows the agreement in the clear is taken for something that TLS protects
 * (CVE-2011-0411, CVE-2021-23222 and many others): it must be refused, and stay where it is. */
static void
test_injection (void)
{
  static const char *const injected[] = { "x", "a OK\r\n", "\x16\3\3" };
  gsize i, k;

  for (i = 0; i < G_N_ELEMENTS (good); i++)
    {
      for (k = 0; k < G_N_ELEMENTS (injected); k++)
        {
          g_autoptr (GError) error = NULL;
          char left[16];
          gssize n;
          int fd, server;

          g_test_message ("%" G_GSIZE_FORMAT ": %s", i, good[i].protocol);
          open_server (good[i].said, good[i].said_size, &fd, &server);
          send (server, injected[k], strlen (injected[k]), 0);
          g_assert_false (
              cli_starttls_run (find (good[i].protocol), fd, "example.org", FOREVER, &error));
          g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
          g_assert_nonnull (strstr (error->message, "somebody on the way may have added it"));
          n = recv (fd, left, sizeof left, MSG_DONTWAIT);
          g_assert_cmpmem (left, n, injected[k], strlen (injected[k]));
          close (fd);
          close (server);
        }
    }
}

/* Breaks if TLS begins although the server did not agree, or if the error says something else than
 * what was found. */
static void
test_bad (void)
{
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GError) error = NULL;
      int fd, server;

      open_server (bad[i].said, bad[i].said_size, &fd, &server);
      shutdown (server, SHUT_WR);
      g_assert_false (
          cli_starttls_run (find (bad[i].protocol), fd, "example.org", FOREVER, &error));
      g_test_message ("%" G_GSIZE_FORMAT ": %s: %s", i, bad[i].protocol, error->message);
      g_assert_cmpint (error->domain, ==, G_IO_ERROR);
      g_assert_nonnull (strstr (error->message, bad[i].error));
      close (fd);
      close (server);
    }
}

/* Breaks if a server that stops anywhere, and stays connected, holds the command for ever; or if
 * one that hangs up there is taken for one that agreed. */
static void
test_cut (void)
{
  gsize i, size;

  for (i = 0; i < G_N_ELEMENTS (good); i++)
    {
      for (size = 0; size < good[i].said_size; size++)
        {
          g_autoptr (GError) silence = NULL, end = NULL;
          int fd, server;

          open_server (good[i].said, size, &fd, &server);
          g_assert_false (
              cli_starttls_run (find (good[i].protocol), fd, "example.org", AT_ONCE, &silence));
          g_assert_error (silence, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
          close (fd);
          close (server);

          open_server (good[i].said, size, &fd, &server);
          shutdown (server, SHUT_WR);
          g_assert_false (
              cli_starttls_run (find (good[i].protocol), fd, "example.org", FOREVER, &end));
          g_assert_error (end, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED);
          close (fd);
          close (server);
        }
    }
}

typedef struct
{
  int fd;
  const char *text;
} Flood;

static gpointer
flood_thread (gpointer data)
{
  const Flood *self = data;

  while (send (self->fd, self->text, strlen (self->text), MSG_NOSIGNAL) > 0)
    ;
  return NULL;
}

/* Breaks if a server that never comes to the point fills the memory, or holds the command. */
static void
test_flood (void)
{
  static const struct
  {
    const char *protocol;
    const char *said;
    const char *more; /* and more, and more */
  } cases[] = {
    { "imap", "* OK\r\n", "* X\r\n" },
    { "smtp", "220-", "220-x\r\n" },
    { "smtp", "220 ", "x" },
    { "sieve", "\"X\" {40000000}\r\n", "x" },
    { "xmpp", "<stream:stream xmlns:stream='x'>", "x" },
    { "ldap", "\x30\x83\xff\xff\xff", "x" },
  };
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      Flood flood = { .text = cases[i].more };
      GThread *thread;
      int fd;

      g_test_message ("%s", cases[i].protocol);
      open_server (cases[i].said, strlen (cases[i].said), &fd, &flood.fd);
      thread = g_thread_new ("flood", flood_thread, &flood);
      g_assert_false (
          cli_starttls_run (find (cases[i].protocol), fd, "example.org", FOREVER, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
      g_assert_nonnull (strstr (error->message, "it sends more than any of them does"));
      close (fd);
      g_thread_join (thread);
      close (flood.fd);
    }
}

/* Breaks if the command connects to another protocol's port, or names a protocol that cannot help.
 */
static void
test_names (void)
{
  static const struct
  {
    const char *protocol;
    guint16 port;
  } ports[] = {
    { "smtp", 25 },   { "imap", 143 },      { "pop3", 110 },   { "ftp", 21 },     { "ldap", 389 },
    { "xmpp", 5222 }, { "postgres", 5432 }, { "mysql", 3306 }, { "sieve", 4190 }, { "nntp", 119 },
  };
  g_autoptr (GError) error = NULL;
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (ports); i++)
    {
      g_assert_cmpuint (cli_starttls_get_port (find (ports[i].protocol)), ==, ports[i].port);
      g_assert_cmpstr (cli_starttls_guess (NULL, ports[i].port), ==, ports[i].protocol);
    }
  g_assert_null (cli_starttls_find ("SMTP", &error));
  g_assert_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE);
  g_assert_nonnull (strstr (error->message, "smtp, imap, pop3,"));

  g_assert_cmpstr (cli_starttls_guess ("smtp", 587), ==, "smtp");
  g_assert_cmpstr (cli_starttls_guess ("smtp", 21), ==, "ftp");
  g_assert_cmpstr (cli_starttls_guess ("smtp", 119), ==, "smtp");
  g_assert_cmpstr (cli_starttls_guess ("imap", 25), ==, "imap");
  g_assert_cmpstr (cli_starttls_guess ("text", 4190), ==, "sieve");
  g_assert_cmpstr (cli_starttls_guess ("unknown", 3306), ==, "mysql");
  g_assert_null (cli_starttls_guess ("http", 25));
  g_assert_null (cli_starttls_guess ("ssh", 22));
  g_assert_null (cli_starttls_guess ("text", 443));
  g_assert_null (cli_starttls_guess (NULL, 443));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/cli/starttls/good", test_good);
  g_test_add_func ("/cli/starttls/injection", test_injection);
  g_test_add_func ("/cli/starttls/bad", test_bad);
  g_test_add_func ("/cli/starttls/cut", test_cut);
  g_test_add_func ("/cli/starttls/flood", test_flood);
  g_test_add_func ("/cli/starttls/names", test_names);
  return g_test_run ();
}
