# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
#
# fish completion for tls-handoff(1)
#
# Commands and options, with what they do, are those of the command's own help, in the user's language. Only what values
# an option takes is said here.

# The lines of the command's help, which is read once for each command.
function __tls_handoff_help
    set -l name (string join _ __tls_handoff_help $argv | string replace -a - _)
    set -q $name; or set -g $name (tls-handoff help $argv 2>/dev/null)
    printf '%s\n' $$name
end

# The words before the cursor that are no options, without the program's name.
function __tls_handoff_words
    set -l words (commandline -opc)
    string match -v -- '-*' $words[2..]
end

# What can follow the words of the arguments as the next word of a command, with what it does.
function __tls_handoff_verbs
    set -l seen
    for line in (__tls_handoff_help | string match -r '^  [a-z].*  .*')
        set -l usage (string replace -r '^  (.*?)  .*' '$1' -- $line)
        set -l verb (string match -r '^[a-z][a-z-]*(?: [a-z][a-z-]*)*(?= |$)' -- $usage | string split ' ')
        set -l n (count $argv)
        test (count $verb) -gt $n; or continue
        test $n -eq 0; or test "$verb[1..$n]" = "$argv"; or continue
        set -l word $verb[(math $n + 1)]
        contains -- $word $seen; and continue
        set -a seen $word
        # Of a group, each command does something else.
        if test (count $verb) -gt (math $n + 1)
            echo $word
        else
            printf '%s\t%s\n' $word (string replace -r '.*  ' '' -- $line)
        end
    end
end

# The command that was typed: one word or two; nothing as long as it is not whole.
function __tls_handoff_verb
    set -l words (__tls_handoff_words)
    test (count $words) -gt 0; or return 1
    if test (count (__tls_handoff_verbs $words[1])) -gt 0
        test (count $words) -gt 1; or return 1
        echo $words[1]
        echo $words[2]
    else
        echo $words[1]
    end
end

function __tls_handoff_next_word
    set -l words (__tls_handoff_words)
    if test "$words[1]" = help
        test (count $words) -lt 3; and __tls_handoff_verbs $words[2..]
    else if not __tls_handoff_verb >/dev/null
        __tls_handoff_verbs $words
        test (count $words) -eq 0; and echo help
    end
end

# The options of the command that was typed, with what they do.
function __tls_handoff_options
    set -l verb (__tls_handoff_verb); or return
    test "$verb" = help; and return
    for line in (__tls_handoff_help $verb | string match -r '^  .*--.*')
        set -l parts (string match -r '^  (?:-[[:alnum:]], )?(--[a-z0-9-]+)(?:=\S+)?  +(.*)$' -- $line)
        test (count $parts) -eq 3; and printf '%s\t%s\n' $parts[2..]
    end
end

# Whether the command that was typed has the option of that name.
function __tls_handoff_has
    __tls_handoff_options | string match -qr -- "^--$argv[1]\t"
end

# The user's own credentials.
function __tls_handoff_labels
    tls-handoff credential list --json 2>/dev/null | string replace -rf '^ *"label" : "(.*)",$' '$1' |
        string replace -ra '\\\\(["\\\\])' '$1'
end

function __tls_handoff_is
    set -l verb (__tls_handoff_verb); or return 1
    contains -- "$verb" $argv
end

complete -c tls-handoff -f
complete -c tls-handoff -a '(__tls_handoff_next_word)'
complete -c tls-handoff -n 'not __tls_handoff_words >/dev/null' -l help -l version

for option in trust cert key client-ca certificates passphrase-file pin-file
    complete -c tls-handoff -n "__tls_handoff_has $option" -l $option -r -F
end
# Its value follows a “=” alone, and may be missing.
complete -c tls-handoff -n '__tls_handoff_has pem' -l pem -F
complete -c tls-handoff -n '__tls_handoff_has credential' -l credential -x -a '(__tls_handoff_labels)'
for option in server-name verify-name sni forward connect-to
    complete -c tls-handoff -n "__tls_handoff_has $option" -l $option -x -a '(__fish_print_hostnames)'
end
complete -c tls-handoff -n '__tls_handoff_has alpn' -l alpn -x -a 'h2 http/1.1'
complete -c tls-handoff -n '__tls_handoff_has role' -l role -x -a 'client server'
complete -c tls-handoff -n '__tls_handoff_has type' -l type -x -a 'ecdsa-p256 ecdsa-p384 ed25519 rsa-2048 rsa-3072 rsa-4096'
complete -c tls-handoff -n '__tls_handoff_has starttls' -l starttls -x -a 'smtp imap pop3 ftp ldap xmpp postgres mysql sieve nntp'
complete -c tls-handoff -n '__tls_handoff_has minimum' -l minimum -x -a 'TLS1.2 TLS1.3'
complete -c tls-handoff -n '__tls_handoff_has maximum' -l maximum -x -a 'TLS1.2 TLS1.3'
complete -c tls-handoff -n '__tls_handoff_has owner' -l owner -x -a 'machine (__fish_complete_users)'

complete -c tls-handoff -n '__tls_handoff_is connect probe' -a '(__fish_print_hostnames)'
complete -c tls-handoff -n '__tls_handoff_is "credential import" "credential set-certificates" "credential staple"' -F
complete -c tls-handoff -n '__tls_handoff_is "credential show" "credential request" "credential renew-request" \
    "credential set-certificates" "credential staple" "credential unlock" "credential remove"' -a '(__tls_handoff_labels)'
# The last one, so that these have what the options do.
complete -c tls-handoff -n 'string match -q -- "-*" (commandline -ct)' -a '(__tls_handoff_options)'
