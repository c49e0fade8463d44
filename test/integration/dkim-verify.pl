# Verifies every message of a folder with Mail::DKIM: dkim-verify.pl FOLDER KEYS.json. Keys: name to text of the record.
# Prints JSON: file name to a list of { domain, selector, algorithm, result, detail }. Run by dkim-verifiers.ts.
use strict;
use warnings;
use JSON::PP;
use Mail::DKIM::DNS;
use Mail::DKIM::Verifier;
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
my ($folder, $keys) = @ARGV;
my $slurp = sub {
    open my $file, '<:raw', $_[0] or die "$_[0]: $!";
    local $/ = undef;
    return scalar <$file>;
};
Mail::DKIM::DNS::resolver(Zone->new(decode_json($slurp->($keys))));
opendir my $dir, $folder or die "$folder: $!";
my %found;
for my $name (sort grep { !/^\./ } readdir $dir) {
    my $verifier = Mail::DKIM::Verifier->new;
    $verifier->PRINT($slurp->("$folder/$name"));
    $verifier->CLOSE;
    $found{$name} = [
        map {
            {
                domain => $_->domain, selector => $_->selector, algorithm => $_->algorithm,
                result => $_->result // 'none', detail => $_->result_detail // '',
            }
        } $verifier->signatures
    ];
}
print JSON::PP->new->canonical->encode(\%found);
