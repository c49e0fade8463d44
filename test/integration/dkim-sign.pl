# Signs every message of a folder in place with Mail::DKIM: dkim-sign.pl FOLDER RSA_KEY. Run by dkim-others.test.ts. The
# n-th message is signed in the n-th of four ways of canonical forms.
use strict;
use warnings;
use Mail::DKIM::PrivateKey;
use Mail::DKIM::Signer;

my ($folder, $key) = @ARGV;
my @ways = qw(simple/simple simple/relaxed relaxed/simple relaxed/relaxed);
my $private = Mail::DKIM::PrivateKey->load(File => $key);
opendir my $dir, $folder or die "$folder: $!";
my $number = 0;
for my $name (sort grep { !/^\./ } readdir $dir) {
    open my $in, '<:raw', "$folder/$name" or die "$name: $!";
    my $message = do { local $/ = undef; <$in> };
    my $signer = Mail::DKIM::Signer->new(
        Algorithm => 'rsa-sha256',
        Method    => $ways[ $number++ % @ways ],
        Domain    => 'example.org',
        Selector  => 'r1',
        Key       => $private,
    );
    $signer->PRINT($message);
    $signer->CLOSE;
    my $field = $signer->signature->as_string;
    $field =~ s/\r?\n/\r\n/g;
    open my $out, '>:raw', "$folder/$name" or die "$name: $!";
    print {$out} "$field\r\n$message";
    close $out or die "$name: $!";
}
