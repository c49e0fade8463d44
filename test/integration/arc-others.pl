# ARC by Mail::DKIM; messages have lines that end with CRLF. Run by arc-others.ts.
#   arc-others.pl verify FOLDER KEYS.json                 prints JSON: file name to none, pass or fail, and why
#                                                         keys: name to text of the record
#   arc-others.pl seal AUTHSERV-ID DOMAIN SELECTOR KEY    prints the message of standard input with one more set on top
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
my $slurp = sub {
    open my $file, '<:raw', $_[0] or die "$_[0]: $!";
    local $/ = undef;
    return scalar <$file>;
};
my ($what, @words) = @ARGV;
if ($what eq 'verify') {
    my ($folder, $keys) = @words;
    Mail::DKIM::DNS::resolver(Zone->new(decode_json($slurp->($keys))));
    opendir my $dir, $folder or die "$folder: $!";
    my %found;
    for my $name (sort grep { !/^\./ } readdir $dir) {
        my $verifier = Mail::DKIM::ARC::Verifier->new;
        $verifier->PRINT($slurp->("$folder/$name"));
        $verifier->CLOSE;
        $found{$name} = [$verifier->result, $verifier->result_detail // ''];
    }
    print JSON::PP->new->canonical->encode(\%found);
} else {
    my $message = do { local $/ = undef; <STDIN> };
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
