#!/usr/bin/perl
# The far end of the nodes' agents (rootfs-kube/usr/local/bin/management-agent-stand-in), in place of a management platform:
# takes connections, and throws away what comes. Usage: management-stand-in.pl ADDRESS PORT…
use strict;
use warnings;
use IO::Select;
use IO::Socket::INET;

$0 = "management-stand-in @ARGV";
my $address = shift;
my $all = IO::Select->new;
my %listens;
for my $port (@ARGV) {
    my $socket = IO::Socket::INET->new(LocalAddr => $address, LocalPort => $port, Listen => 64, ReuseAddr => 1)
        or die "cannot listen on $address:$port: $!\n";
    $listens{fileno $socket} = 1;
    $all->add($socket);
}
while (my @ready = $all->can_read) {
    for my $socket (@ready) {
        if ($listens{fileno $socket}) {
            my $client = $socket->accept or next;
            $all->add($client);
        } elsif (!sysread $socket, my $ignored, 4096) {
            $all->remove($socket);
            close $socket;
        }
    }
}
