/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

/* What a program needs beyond memory, threads, time, and the descriptors that it has or is sent. */
typedef enum
{
  HANDOFF_LOCK_UP_NOTHING = 0,
  /* Handshakes: options of sockets. */
  HANDOFF_LOCK_UP_HANDSHAKES = 1 << 0,
  /* Files: to be confined to some folders by Landlock before. Without it, a library that looks for
   * a file is told that there is none (ENOENT). */
  HANDOFF_LOCK_UP_FILES = 1 << 1,
  /* Unix sockets of other services: a PKCS#11 module's, like pcscd's. */
  HANDOFF_LOCK_UP_UNIX_SOCKETS = 1 << 2,
  /* Devices: their own calls (ioctl), and news of them (netlink). */
  HANDOFF_LOCK_UP_DEVICES = 1 << 3,
  /* Connections over IPv4 and IPv6: of the module of an HSM in the network. */
  HANDOFF_LOCK_UP_NETWORK = 1 << 4,
  /* Code of others, which may try what it does not need, as to write to the system's log: then it
   * is told no, and lives. */
  HANDOFF_LOCK_UP_MODULES = 1 << 5,
} HandoffLockUpNeeds;
