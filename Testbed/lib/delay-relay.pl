#!/usr/bin/perl
# Delays a cable where the kernel has no netem: two taps, each a port of a bridge, and every frame that enters one leaves
# the other MILLISECONDS later. A tap without offloads hands over whole frames with their checksums made.
#
#   delay-relay.pl MILLISECONDS TOWARDS_BRIDGE TOWARDS_NODE      (names of the taps; delays only what goes to the node)
use strict;
use warnings;
use IO::Select;
use Time::HiRes qw(time);

use constant { TUNSETIFF => 0x400454ca, IFF_TAP => 0x0002, IFF_NO_PI => 0x1000, LONGEST_FRAME => 65536 };

sub tap {
    my ($name) = @_;
    open(my $tap, '+<', '/dev/net/tun') or die "delay-relay: /dev/net/tun: $!\n";
    my $request = pack('a16 s x22', $name, IFF_TAP | IFF_NO_PI);
    ioctl($tap, TUNSETIFF, $request) or die "delay-relay: tap $name: $!\n";
    return $tap;
}

my ($milliseconds, $bridge_name, $node_name) = @ARGV;
my ($bridge, $node) = (tap($bridge_name), tap($node_name));
my $select = IO::Select->new($bridge, $node);
my @queue;    # frames on their way to the node: [when, frame]
$| = 1;
print "ready\n";
while (1) {
    my $wait = @queue ? $queue[0][0] - time : undef;
    $wait = 0 if defined $wait && $wait < 0;
    for my $ready ($select->can_read($wait)) {
        sysread($ready, my $frame, LONGEST_FRAME) or exit 0;
        if ($ready == $bridge) { push @queue, [time + $milliseconds / 1000, $frame] }
        else { syswrite($bridge, $frame) }
    }
    while (@queue && $queue[0][0] <= time) { syswrite($node, (shift @queue)->[1]) }
}
