# ARC by Mail::DKIM. Standard input: a message, its lines end with CRLF. Run by arc-others.ts.
#   arc-others.pl verify KEYS.json                        prints none, pass or fail; keys: name to text of the record
#   arc-others.pl seal AUTHSERV-ID DOMAIN SELECTOR KEY    prints the message with one more set on top
use strict;
use warnings;
use JSON::PP;
use Mail::DKIM::ARC::Signer;
use Mail::DKIM::ARC::Verifier;
use Mail::DKIM::DNS;
use Net::DNS;

package Zone;
sub new { my ($class, $keys) = @_; return bless { keys => $keys }, $class }
sub errorstring { return 'NOERROR' }

sub send {
    my ($self, $name, $type) = @_;
    my $packet = Net::DNS::Packet->new($name, $type);
    my $text = $self->{keys}{ lc $name };
    if (!defined $text || $type ne 'TXT') { $packet->header->rcode('NXDOMAIN'); return $packet }
    my @strings = unpack '(A255)*', $text;
    $packet->push(answer => Net::DNS::RR->new(name => $name, type => 'TXT', txtdata => \@strings));
    return $packet;
}

package main;
binmode STDIN;
binmode STDOUT;
my $message = do { local $/ = undef; <STDIN> };
my ($what, @words) = @ARGV;
if ($what eq 'verify') {
    open my $file, '<:raw', $words[0] or die "$words[0]: $!";
    my $keys = do { local $/ = undef; <$file> };
    Mail::DKIM::DNS::resolver(Zone->new(decode_json($keys)));
    my $verifier = Mail::DKIM::ARC::Verifier->new;
    $verifier->PRINT($message);
    $verifier->CLOSE;
    print $verifier->result, "\n";
    print STDERR $verifier->result_detail, "\n";
} else {
    my ($server, $domain, $selector, $key) = @words;
    my $signer = Mail::DKIM::ARC::Signer->new(
        Algorithm => 'rsa-sha256', Chain => 'ar', SrvId => $server,
        Domain => $domain, Selector => $selector, KeyFile => $key,
    );
    $signer->PRINT($message);
    $signer->CLOSE;
    my $fields = join "\015\012", $signer->as_strings;
    $fields =~ s/\015?\012/\015\012/g;
    print $fields, "\015\012", $message;
}
