#!/bin/sh
# The Debian packages that the tests drive: installs those that are missing, as root or through sudo; where neither is
# possible, names them and fails. Starts no service, and stops none that was there.
set -eu

packages='postfix dovecot-core dovecot-imapd rspamd chromium openssl util-linux systemd
  bind9 bind9-utils bind9-dnsutils tinydns opendkim opendkim-tools libmail-dkim-perl python3-dkim python3-nacl python3-spf
  python3-yaml python3-authres bzip2 xz-utils cron spamd spamassassin clamav-daemon
  php-cgi php-fpm libfcgi-bin john whois apache2-utils postgresql dovecot-pgsql gdb mariadb-server slapd ldap-utils
  faketime locales mmdebstrap amavisd-new postsrsd spamc sasl2-bin pflogsumm mandoc zsh fish prometheus'

missing=
for package in $packages; do
  status=$(dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2>/dev/null || true)
  case $status in ii*) ;; *) missing="$missing $package" ;; esac
done
[ -z "$missing" ] && exit 0

say() { printf 'debian-packages: %s\n' "$*" >&2; }
if [ "$(id -u)" = 0 ]; then as_root=
elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then as_root=sudo
elif command -v sudo >/dev/null 2>&1 && [ -t 0 ]; then as_root=sudo
else
  say "missing:$missing"
  say "as root: apt-get install$missing"
  exit 69
fi

# A package starts its daemon unless policy-rc.d says 101. An existing policy is the administrator's and stays.
policy=/usr/sbin/policy-rc.d
ours=
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' | $as_root tee "$policy" >/dev/null
  $as_root chmod 755 "$policy"
  ours=yes
fi
log=$(mktemp "${TMPDIR:-/tmp}/debian-packages.XXXXXX")
clean() {
  rm -f "$log"
  [ -z "$ours" ] || $as_root rm -f "$policy"
}
trap clean EXIT
trap 'exit 130' INT TERM

say "installing:$missing"
# Postfix would ask what it is for: a local system only.
# shellcheck disable=SC2086 # a list of packages
if ! {
  echo 'postfix postfix/main_mailer_type select Local only' | $as_root debconf-set-selections &&
    { [ -n "$(find /var/lib/apt/lists -name '*_Packages*' -mtime -1 2>/dev/null | head -n 1)" ] || $as_root apt-get update -qq; } &&
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing
} >"$log" 2>&1 </dev/null; then
  tail -n 20 "$log" >&2
  say "could not install:$missing"
  exit 69
fi
