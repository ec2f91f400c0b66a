"""Pieces of BIRD's language, valid and invalid: what BIRD says to each is asked of BIRD itself.

Each piece is put into a frame that makes a whole file of it. Pieces are written for BIRD 2 unless their list says
otherwise; BIRD1_* is for 1.6, where `bird` and `bird6` read them.
"""

from __future__ import annotations

from typing import Iterator

# Expressions, each printed by a filter: `print EXPRESSION;`.
EXPRESSIONS = """
1
0x1f
0xffffffff
4294967295
4294967296
0x100000000
-1
- 1
1 - -1
1 + 2 * 3 / 4
(1 + 2) * 3
1 / 0
7 % 3
1.5
1..2
true
false
yes
on
!true
!!true
! 1
!true = false
!(1 = 2)
1 = 1
1 == 1
1 != 1
1 < 2 && 2 > 1
1 <= 2 || 2 >= 1
1 < 2 < 3
1 = 2 = 3
1 ~ 2
1 && 2
true && 1
true + 1
true = 1
1 = "1"
1 < "1"
"a" = "a"
"a" < "b"
"a" ~ "b*"
"a" !~ "b*"
"a" + "b"
"unterminated
'quoted'
'x y'
10.0.0.1
10.0.0.256
10.0.0
10.0.0.1 = 10.0.0.2
10.0.0.1 < 10.0.0.2
10.0.0.1 < 5
10.0.0.1.mask(8)
10.0.0.1.mask(33)
10.0.0.1.is_v4
2001:db8::1
2001:db8::1.mask(32)
2001:db8::1.is_v4
2001:db8::g
::1
::
::ffff:1.2.3.4
fe80::1%eth0
10.0.0.0/8
10.0.0.1/8
10.0.0.0/33
10.0.0.0/8.len
10.0.0.0/8.ip
10.0.0.0/8.type
10.0.0.0/8.maxlen
10.0.0.0/8.asn
10.0.0.0/8 max 24 as 65000
2001:db8::/32
2001:db8::/129
2001:db8::1/32
10.0.0.1 ~ 10.0.0.0/8
10.0.0.0/8 ~ 10.0.0.0/7
2001:db8::/32 ~ 10.0.0.0/8
10.0.0.0/8 = 10.0.0.0/8
10.0.0.0/8 < 11.0.0.0/8
net
net.len
net.ip
net.type
net.maxlen
net.asn
net.src
net.dst
net.rd
net.len.len
net.ip.mask(8)
net ~ [10.0.0.0/8]
net ~ [10.0.0.0/8+]
net ~ [10.0.0.0/8-]
net ~ [10.0.0.0/8{8,24}]
net ~ [10.0.0.0/8{24,8}]
net ~ [10.0.0.0/8{8,33}]
net ~ [10.0.0.0/8{8}]
net ~ [10.0.0.0/8{4,6}]
net ~ [10.0.0.0/8{,24}]
net ~ [10.0.0.0/8, 2001:db8::/32]
net ~ [2001:db8::/32{32,48}]
net ~ [10.0.0.1/8+]
net ~ [0.0.0.0/0]
net ~ [10.0.0.0/8 11.0.0.0/8]
net ~ []
net ~ [10.0.0.1]
net ~ 10.0.0.0/8
net ~ 10.0.0.1
net !~ [10.0.0.0/8+]
net = 10.0.0.0/8
net.type = NET_IP4
net.type = NET_IP6
net.type = NET_ROA4
net.type = NET_VPN4
net.type ~ [NET_IP4, NET_IP6]
net.type ~ [NET_IP4..NET_IP6]
NET_FLOW4
[1, 2, 3]
[1..3, 5]
[3..1]
[1, 1]
[]
[1, 10.0.0.1]
[true]
["a"]
[10.0.0.1..10.0.0.5]
[10.0.0.1, 10.0.0.5]
[2001:db8::1]
[2001:db8::1..2001:db8::5]
[10.0.0.1, 2001:db8::1]
[(1,2)]
[(1,2), (3,4)]
[(1,*)]
[(*,1)]
[(*,*)]
[(1..2,3)]
[(1,2..3)]
[(1..2,3..4)]
[(1..2,*)]
[(*,1..2)]
[(2..1,3)]
[(1,3..2)]
[(65536,1)]
[(1,65536)]
[(1,2)..(3,4)]
[(3,4)..(1,2)]
[(1,2)..(3,*)]
[(1+1, 2*2)]
[(rt, 10, 20)]
[(rt, 10, 20..30)]
[(rt, 10, *)]
[(ro, 10.0.0.1, 20)]
[(rt, 10.0.0.1, 20)]
[(rt, 70000, 20)]
[(rt, 70000, 70000)]
[(rt, 70000, *)]
[(rt, *, 1)]
[(generic, 0x43000001, 10)]
[(generic, 0x43000001, *)]
[(unknown 0x4300, 10, 20)]
[(unknown 0x4300, 10, *)]
[(rx, 10, 20)]
[(1,2,3)]
[(1,2,*)]
[(1,*,*)]
[(*,*,*)]
[(1,2..3,*)]
[(1..2,*,*)]
[(1,*,3)]
[(*,2,3)]
[(1,2,3..4)]
[(1,2..3,4)]
[(1,2,3)..(4,5,6)]
[RTS_BGP]
[RTS_BGP, RTS_STATIC]
[RTS_BGP..RTS_STATIC]
[RTS_BGP, RTD_BLACKHOLE]
[RTS_NOPE]
[(1+2)]
[(1+2)..(3+4)]
[("a")]
[k_int]
[k_int..9]
[k_pair]
[k_ip]
[k_set]
[k_string]
[k_prefix]
[nope]
(1, 2)
(1, 2, 3)
(1, 2, 3, 4)
(65535, 65535)
(65536, 1)
(1, 65536)
(k_int, k_int)
(med_of(5), 2)
(1, true)
(1, "a")
(1, 2) = (1, 2)
(1, 2) < (1, 3)
(1, 2).asn
(1, 2).data
(1, 2).data1
(1, 2, 3).asn
(1, 2, 3).data1
(1, 2, 3).data2
(1, 2, 3).data
(1, 2, 3) = (1, 2, 3)
(rt, 1, 2)
(ro, 1, 2)
(rt, 10.0.0.1, 2)
(rt, 10.0.0.1, 65536)
(rt, 2001:db8::1, 2)
(rt, 70000, 65536)
(rt, 70000, 2)
(rt, 1, 4294967295)
(rt, "a", 2)
(generic, 1, 2)
(unknown 0x4300, 1, 2)
(unknown, 1, 2)
(rt, 1, 2).asn
(rt, 1, 2) = (rt, 1, 2)
bgp_path
bgp_path.len
bgp_path.first
bgp_path.last
bgp_path.last_nonaggregated
bgp_path.empty
bgp_path.min
bgp_path ~ [= =]
bgp_path ~ [= * =]
bgp_path ~ [= ? =]
bgp_path ~ [= + =]
bgp_path ~ [= 1 + =]
bgp_path ~ [= * + =]
bgp_path ~ [= 1 2 3 =]
bgp_path ~ [= * 1 * =]
bgp_path ~ [= 1..5 =]
bgp_path ~ [= 5..1 =]
bgp_path ~ [= * 1..5 ? [1, 2, 3..4] =]
bgp_path ~ [= [1, 2] + * =]
bgp_path ~ [= [] =]
bgp_path ~ [= [10.0.0.1] =]
bgp_path ~ [= (1 + 2) =]
bgp_path ~ [= (med_of(1)) =]
bgp_path ~ [= k_int * =]
bgp_path ~ [= k_set * =]
bgp_path ~ [= k_string =]
bgp_path ~ [= nope =]
bgp_path ~ [= "a" =]
bgp_path ~ [= 1, 2 =]
bgp_path ~ [1, 2]
bgp_path ~ [1..5]
bgp_path ~ []
bgp_path ~ [(1,2)]
bgp_path ~ 1
bgp_path ~ "1 2"
1 ~ bgp_path
[1] ~ bgp_path
(1,2) ~ bgp_path
bgp_path = bgp_path
bgp_path = +empty+
bgp_path < bgp_path
+empty+
-empty-
--empty--
---empty---
----empty----
+ empty +
-empty+
prepend(bgp_path, 1)
prepend(+empty+, 1)
prepend(bgp_path, "a")
prepend(1, 1)
prepend(bgp_path)
prepend(bgp_path, 1, 2)
bgp_path.prepend(1)
bgp_path.prepend(1).len
add(bgp_path, 1)
delete(bgp_path, 1)
delete(bgp_path, [1, 2])
delete(bgp_path, [(1,2)])
filter(bgp_path, [1, 2])
filter(bgp_path, 1)
bgp_path.delete(1)
bgp_path.filter([1])
bgp_community
bgp_community.len
bgp_community.min
bgp_community.max
bgp_community.first
bgp_community.empty
bgp_community ~ [(1,2)]
bgp_community ~ [(1,*)]
bgp_community ~ [1]
bgp_community ~ [(1,2,3)]
bgp_community ~ [10.0.0.1]
bgp_community ~ []
bgp_community ~ (1,2)
(1,2) ~ bgp_community
(1,2) !~ bgp_community
10.0.0.1 ~ bgp_community
(1,2,3) ~ bgp_community
1 ~ bgp_community
bgp_community ~ bgp_community
bgp_community = -empty-
add(-empty-, (1,2))
add(-empty-, 10.0.0.1)
add(-empty-, 2001:db8::1)
add(-empty-, 1)
add(-empty-, (1,2,3))
add(-empty-, -empty-)
add(-empty-, [(1,2)])
add(--empty--, (rt,1,2))
add(--empty--, (1,2))
add(---empty---, (1,2,3))
add(---empty---, (1,2))
delete(-empty-, (1,2))
delete(-empty-, [(1,2)])
delete(-empty-, -empty-)
delete(-empty-, [(1,2,3)])
filter(-empty-, (1,2))
filter(-empty-, [(1,2)])
filter(-empty-, -empty-)
filter(bgp_ext_community, [(rt,1,*)])
filter(bgp_large_community, [(1,2,*)])
bgp_ext_community
bgp_ext_community.len
bgp_ext_community.min
bgp_ext_community ~ [(rt,1,2)]
(rt,1,2) ~ bgp_ext_community
(1,2) ~ bgp_ext_community
bgp_large_community
bgp_large_community.len
bgp_large_community.max
bgp_large_community ~ [(1,2,3)]
(1,2,3) ~ bgp_large_community
bgp_med
bgp_med + 1
bgp_med.len
bgp_local_pref
bgp_origin
bgp_origin = ORIGIN_IGP
bgp_origin ~ [ORIGIN_IGP, ORIGIN_EGP]
bgp_origin = 0
bgp_origin = RTS_BGP
bgp_next_hop
bgp_next_hop.mask(8)
bgp_next_hop = 10.0.0.1
bgp_next_hop ~ 10.0.0.0/8
bgp_next_hop ~ [10.0.0.1]
bgp_atomic_aggr
bgp_aggregator
bgp_originator_id
bgp_cluster_list
bgp_cluster_list.len
bgp_otc
bgp_aigp
bgp_mp_reach_nlri
bgp_nope
defined(bgp_med)
defined(bgp_path)
defined(net)
defined(1)
defined(nope)
defined bgp_med
unset(bgp_med)
from
gw
proto
proto ~ "bgp*"
proto = "x"
source
source = RTS_BGP
source ~ [RTS_BGP, RTS_STATIC_DEVICE]
source = 1
scope
scope = SCOPE_UNIVERSE
cast
dest
dest = RTD_BLACKHOLE
dest = RTD_ROUTER
dest ~ [RTD_UNICAST, RTD_PROHIBIT]
ifname
ifname ~ "eth*"
ifindex
weight
gw_mpls
onlink
preference
preference > 100
igp_metric
krt_source
krt_metric
krt_prefsrc
krt_realm
krt_scope
krt_mtu
krt_window
krt_lock_mtu
krt_tunnel
krt_nope
rip_metric
rip_tag
ospf_metric1
ospf_tag
babel_metric
ra_preference
my_attr
my_attr + 1
my_list
my_list.len
format(1)
format("a", 2)
format(bgp_path)
roa_check(r4)
roa_check(r4, net, 1)
roa_check(r4, net, bgp_path.last)
roa_check(r4, net)
roa_check(r4, 1, net)
roa_check(nope)
roa_check(t4)
roa_check(r4) = ROA_VALID
roa_check(r4) ~ [ROA_VALID, ROA_UNKNOWN]
k_int
k_int + 1
k_string
k_pair ~ bgp_community
k_set
k_pset
net ~ k_pset
1 ~ k_set
med_of
med_of()
med_of(1)
med_of(1, 2)
med_of("a")
med_of(bgp_med)
med_of(med_of(1))
is_ok(1)
no_result()
no_result() + 1
nope
nope()
f1
t4
where
1 2
()
(1
1)
((((1))))
{1}
x.y
1.len
"a".len
true.len
"a\\"b"
""
print
1,2,3
,1
1,
"café"
1:2
65000:10
0:65000:10
10.0.0.1:5
10:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00
"""

# Statements of a filter that ends with accept.
STATEMENTS = """
;
;;
accept;
accept
accept 1;
accept "a", 1, net;
reject "no";
error;
error "x";
return;
return true;
return 1;
return net ~ [10.0.0.0/8+];
print;
print 1;
print 1, 2, "a";
print 1 2;
print "a" "b";
printn "a"; print "b";
print (1, 2);
printx 1;
{ }
{ { print 1; } }
{ print 1; };
int x; print x;
int x; x = 1; print x;
int x = 1; print x;
int x = "a";
int x = bgp_med; print x;
int x = 1; int x = 2;
int x = 1; { int x = 2; print x; } print x;
{ int y = 1; } print y;
int x = 1; bool x = true;
int x, y;
int x
int 'x-y' = 1; print 'x-y';
int if = 1;
int net = 1;
int med = 1; print med;
int bgp_x = 1;
int k_int = 3; print k_int;
int f1 = 3; print f1;
x = 1;
k_int = 2;
bool b; b = true; b = 1 < 2; b = 1;
ip a = 10.0.0.1; a = 2001:db8::1; print a;
prefix p = 10.0.0.0/8; p = net; print p;
pair p = (1,2); p = 3;
quad q = 10.0.0.1; print q;
quad q = 5;
ec e = (rt,1,2); lc l = (1,2,3); print e, l;
string s = "a"; s = 1;
string s = format(1); print s;
enum e;
int set s = [1, 2]; print 1 ~ s;
int set s = []; print s;
int set s = [(1,2)];
pair set s = [1];
prefix set p = [10.0.0.0/8+]; print net ~ p;
prefix set p = []; print net ~ p;
ip set s = [10.0.0.1]; print from ~ s;
quad set s = [10.0.0.1];
ec set s = [(rt,1,*)];
lc set s = [(1,*,*)];
string set s;
bool set s;
bgpmask m = [= 1 * =]; print bgp_path ~ m;
bgppath p = bgp_path; p = prepend(p, 1); print p;
bgppath p; p.prepend(1);
bgppath p = +empty+; p = p.prepend(1);
clist c = -empty-; c = add(c, (1,2)); print c;
clist c; c = add(c, (1,2)); print c;
clist c; c.add((1,2));
eclist c = --empty--; c = add(c, (rt,1,2));
lclist c = ---empty---; c = add(c, (1,2,3));
lclist c = -empty-;
clist c = bgp_community; print c.len;
rd r;
rd r = 1:2; print r;
if true then accept;
if true then accept; else reject;
if true accept;
if true then { accept; } else { reject; }
if (true) then accept;
if true then if false then accept; else reject;
if true then accept; else if false then reject; else print 1;
if 1 then accept;
if "a" then accept;
if bgp_med = 1 then accept;
if bgp_med then accept;
if no_result() then accept;
if true then int x = 1;
if true then;
if true then { }
if true { accept; }
else accept;
case 1 { 1: print "a"; else: print "b"; }
case 1 { 1, 2: print "a"; 3..5: print "b"; }
case 1 { 1: print "a"; print "b"; 2: { print "c"; } }
case 1 { 1: else: print "x"; }
case 1 { else: print "x"; 1: print 1; }
case 1 { }
case 1 { 1: print "a" }
case 1 { 1: int x = 1; print x; 2: int x = 2; print x; }
case 1 { (1 + 1): print "a"; }
case 1 { k_int: print "a"; }
case 1 { (k_int): print "a"; }
case net { 10.0.0.0/8: print "a"; }
case net.ip { 10.0.0.0: print "a"; 10.0.0.1..10.0.0.5: print "b"; }
case bgp_origin { ORIGIN_IGP: print "i"; ORIGIN_EGP, ORIGIN_INCOMPLETE: print "e"; }
case source { RTS_STATIC: print 1; else: print 2; }
case (1,2) { (1,2): print 1; (1,*): print 2; (2..3, 5): print 3; }
case (1,2,3) { (1,2,3): print 1; (2,*,*): print 2; }
case (rt,1,2) { (rt,1,2): print 1; }
case "a" { "a": print 1; }
case true { true: print 1; }
case 1 { 1: accept; else: reject; } print 2;
case 1 { 1: print 1; 1: print 2; }
case 1 { 1..5: print 1; 3: print 2; }
case bgp_path.len { 0: print 0; else: print 1; }
case 1 { 1: bgp_med = 1; else: bgp_med = 2; }
case 1 { 1: med_of(1); 2: bgp_med = 3; }
case { 1: print 1; }
for int i in bgp_path do print i;
for int i in bgp_path do { print i; }
for int i in bgp_path { print i; }
for i in bgp_path do print i;
int i; for i in bgp_path do print i;
for pair c in bgp_community do print c;
for quad c in bgp_cluster_list do print c;
for pair c in bgp_cluster_list do print c;
for int c in bgp_community do print c;
for ec c in bgp_ext_community do print c;
for lc c in bgp_large_community do print c;
for int i in 5 do print i;
for int i in [1, 2] do print i;
for prefix p in net do print p;
for int i in bgp_path do for int j in bgp_path do print i, j;
for int i in prepend(bgp_path, 5) do if i = 5 then accept;
for int i in bgp_path do;
for int i in bgp_path do break;
for int i in my_list do print i;
bgp_med = 5;
bgp_med = "a";
bgp_med = bgp_local_pref;
bgp_med = (1,2);
bgp_med = bgp_med + 1;
bgp_med += 1;
bgp_origin = ORIGIN_EGP;
bgp_origin = 1;
bgp_origin = RTS_BGP;
bgp_path = +empty+;
bgp_path = -empty-;
bgp_path = prepend(bgp_path, 65000);
bgp_path.prepend(65000);
bgp_path.prepend(65000
bgp_path.prepend("a");
bgp_path.prepend(65000, 3);
bgp_path.delete(65000);
bgp_path.delete([1, 2..5]);
bgp_path.filter([1, 2..5]);
bgp_path.filter(1);
bgp_path.add(1);
bgp_path.empty;
bgp_path.empty();
bgp_path.len;
bgp_path.reset;
bgp_med.empty;
bgp_community.add((1,2));
bgp_community.add((1,2)).add((3,4));
bgp_community.add([(1,2)]);
bgp_community.add(-empty-);
bgp_community.add(10.0.0.1);
bgp_community.add(1);
bgp_community.add(bgp_community);
bgp_community.delete((1,2));
bgp_community.delete([(1,*), (2..3,5)]);
bgp_community.delete(bgp_community);
bgp_community.filter([(1,*)]);
bgp_community.filter((1,2));
bgp_community.empty;
bgp_community = -empty-;
bgp_community = 1;
bgp_community.prepend(1);
bgp_ext_community.add((rt,1,2));
bgp_ext_community.add((1,2));
bgp_ext_community.delete([(rt,1,*)]);
bgp_ext_community.filter([(ro,1,*)]);
bgp_ext_community.empty;
bgp_large_community.add((1,2,3));
bgp_large_community.add((1,2));
bgp_large_community.delete([(1,*,*)]);
bgp_large_community.filter([(1,*,*)]);
bgp_large_community.empty;
bgp_cluster_list.add(10.0.0.1);
bgp_cluster_list.delete([10.0.0.1..10.0.0.5]);
bgp_cluster_list = -empty-;
bgp_next_hop = 10.0.0.1;
bgp_next_hop = 2001:db8::1;
bgp_next_hop = 10.0.0.0/8;
bgp_next_hop = "a";
bgp_local_pref = 4294967295;
bgp_local_pref = -1;
bgp_atomic_aggr = true;
bgp_atomic_aggr = 1;
bgp_aggregator = "x";
bgp_originator_id = 10.0.0.1;
bgp_originator_id = 5;
bgp_otc = 5;
bgp_aigp = 5;
unset(bgp_med);
unset(bgp_path);
unset(net);
unset(gw);
unset(bgp_med)
unset(my_attr);
unset bgp_med;
unset(bgp_med, bgp_local_pref);
bgp_med.unset;
preference = 5;
preference = 70000;
preference = "a";
from = 10.0.0.1;
gw = 10.0.0.1;
gw = 5;
net = 10.0.0.0/8;
proto = "x";
source = RTS_BGP;
scope = SCOPE_HOST;
scope = 5;
dest = RTD_BLACKHOLE;
dest = RTD_UNICAST;
dest = 1;
ifname = "eth0";
ifindex = 5;
weight = 5;
weight = 0;
onlink = true;
gw_mpls = 5;
igp_metric = 5;
krt_metric = 5;
krt_prefsrc = 10.0.0.1;
krt_realm = 5;
krt_mtu = 1500;
krt_lock_mtu = true;
krt_lock_mtu = 1;
krt_tunnel = "tun0";
krt_source = 5;
krt_scope = 5;
ospf_metric1 = 5;
rip_metric = 5;
ra_lifetime = 5;
babel_metric = 1;
my_attr = 5;
my_attr = "a";
my_list = add(my_list, (1,2));
my_list.add((1,2));
med_of(1);
med_of(1)
no_result();
is_ok(1);
format(1);
1;
1 + 1;
"a";
net;
k_int;
f1;
f1();
function x() { }
define y = 1;
include "x";
roa_check(r4);
while true do accept;
goto x;
switch 1 { }
var int x;
accept; accept; print 1;
/* comment */ accept;
/* unterminated accept;
# comment
// accept;
print 1; # comment
print /* inner */ 1;
print "a" /* x */ , 2;
print "#";
print "/*";
bt_assert(1 = 1);
"""

# Whole files of a few lines: definitions at the top level.
TOP = """
;
define x = 1;
define x = 1
define x = y;
define x = 1; define x = 2;
define x = 1; define y = x + 1; define z = (x, y);
define x = "a";
define x = 10.0.0.0/8;
define x = [1, 2]; define y = [(1,2), (3,*)];
define x = [10.0.0.0/8+];
define x = [= 1 * =];
define x = 1 / 0;
define x = +empty+;
define x = add(-empty-, (1,2));
define x = (rt, 1, 2);
define x = true;
define x = RTS_BGP;
define x = 10.0.0.1.mask(8);
define x = bgp_med;
define x = net;
define x = format(5);
define if = 1;
define 'if' = 1;
define a-b = 1;
define 'a-b' = 1;
define x = 1; filter f { print x; accept; }
function f() { return 1; }
function f() { return; }
function f() { }
function f(int a) { return a; }
function f(int a; int b) { return a + b; }
function f(int a, int b) { return a + b; }
function f(int a;) { return a; }
function f(a) { return a; }
function f(int a; int a) { return a; }
function f(int a) int b; { b = a; return b; }
function f(int a) int b; int c; { b = a; c = b; return c; }
function f(int a) { int b = a; return b; }
function f() -> int { return 1; }
function f(int a) { if a = 0 then return 0; return f(a - 1); } filter g { print f(3); accept; }
function f(int a) { return g(a); } function g(int a) { return a; }
function f() { return 1; } function f() { return 2; }
function f() { accept; }
function f() { return 1; return "a"; }
function f() { if true then return 1; else return "a"; }
function f(bool b; ip i; prefix p; pair q; quad r; ec e; lc l; string s) { return true; }
function f(int set a; prefix set b; bgpmask m; bgppath p; clist c; eclist d; lclist g) { return true; }
function f(int a) { a = 5; return a; } filter g { int x = 1; print f(x), x; accept; }
function f(int a) { print a; } filter g { f(1); f(1) ; accept; }
function f(int a) { print a; } filter g { if f(1) then accept; }
function f(bool a) { return a; } filter g { if f(true) && !f(false) then accept; reject; }
function f(quad q) { return q; } filter g { print f(10.0.0.1); accept; }
function f(prefix set p) { return net ~ p; } filter g { if f([10.0.0.0/8+]) then accept; reject; }
function f(prefix set p) { return net ~ p; } filter g { if f([]) then accept; reject; }
function f(int set p) { return 1 ~ p; } filter g { if f([]) then accept; reject; }
function f(int a)
function f { }
function if() { }
filter f { accept; }
filter f { reject; }
filter f { }
filter f accept;
filter f int x; { x = 1; accept; }
filter f int x; int y; { x = 1; y = x; accept; }
filter f { accept; } filter f { reject; }
filter f { accept; };
filter { accept; }
filter net { accept; }
filter f { return true; }
filter f { if true then accept; else reject }
filter 'my-filter' { accept; }
filter f { accept;
filter f accept; }
attribute int my_a;
attribute int my_a; attribute int my_a;
attribute int my_a; filter f { my_a = 5; print my_a; accept; }
attribute string my_a;
attribute clist my_a; filter f { my_a.add((1,2)); accept; }
attribute ip a; attribute quad b; attribute bgppath c; attribute eclist d; attribute lclist e;
attribute bool a;
attribute pair a;
attribute prefix a;
attribute int set a;
attribute ec a;
ipv4 table t;
ipv6 table t;
table t;
ipv4 table t
ipv4 table t; ipv4 table t;
ipv4 table t; ipv6 table t;
ipv4 table master4;
ipv6 table master6;
ipv4 table master6;
roa4 table r; roa6 table s;
vpn4 table v;
flow4 table v;
ipv6 sadr table v;
mpls table m;
ipv4 table t sorted;
ipv4 table t { sorted; };
ipv4 table t { sorted; }
ipv4 table t { sorted off; trie yes; gc threshold 100; gc period 5 s; };
ipv4 table t { trie; min settle time 1 s; max settle time 20 s; };
ipv4 table t { cork threshold 10 20; };
ipv4 table t { gc period 5; };
ipv4 table t { nope; };
ipv4 table t { debug all; };
ipv4 table t { };
router id 10.0.0.1;
router id 5;
router id (1 + 2);
router id "a";
router id 2001:db8::1;
router id from "eth0";
router id from "eth*", -"lo";
router id from 10.0.0.0/8;
router id from -"lo", "*";
router id;
hostname "a";
hostname a;
log syslog all;
log syslog name "x" all;
log syslog { warning, error };
log stderr all;
log stderr { info, remote, debug, trace, warning, error, auth, fatal, bug };
log stderr { nope };
log stderr { };
log stderr off;
log "/tmp/x.log" all;
log "/tmp/x.log" 1000 "/tmp/x.old" all;
log "/tmp/x.log" 1000 all;
log udp 10.0.0.1 all;
log udp 10.0.0.1 port 514 all;
log udp "host" all;
log udp all;
log off;
log all;
debug protocols all;
debug protocols { states, routes, filters, interfaces, events, packets };
debug protocols off;
debug protocols { nope };
debug latency on;
debug latency limit 5 ms;
debug latency limit 5;
debug commands 2;
debug commands on;
debug channels all;
debug channels { states };
debug tables all;
mrtdump "/tmp/x.mrt";
mrtdump protocols all;
mrtdump protocols { states, messages };
mrtdump protocols { nope };
watchdog warning 5 s;
watchdog timeout 5 s;
watchdog warning 5;
watchdog nope 5 s;
timeformat base iso long;
timeformat base iso short;
timeformat base iso long ms;
timeformat log iso long us;
timeformat route "%F";
timeformat route "%F" 3600 "%T";
timeformat protocol iso short ms;
timeformat route iso long s;
timeformat nope iso long;
timeformat route old short;
graceful restart wait 60;
graceful restart wait 60 s;
graceful restart;
eval 1;
eval 1 + 1
threads 2;
listen bgp port 179;
cli "x" { };
thread group x { };
template bgp t { };
template bgp t { local as 1; }; protocol bgp b from t { neighbor 10.0.0.1 as 2; ipv4 { import all; export all; }; };
template bgp t { local as 1; }; template bgp u from t { }; protocol bgp b from u { neighbor 10.0.0.1 as 2; ipv4 { import all; export all; }; };
template bgp t { local as 1; }; protocol static b from t { ipv4; };
template static t { ipv4; route 10.0.0.0/8 blackhole; }; protocol static b from t;
protocol bgp b from nope { };
protocol bgp a { local as 1; neighbor 10.0.0.1 as 2; ipv4 { import all; export all; }; }; protocol bgp b from a { };
protocol bgp a { local as 1; neighbor 10.0.0.1 as 2; ipv4 { import all; export all; }; }
protocol nope x { };
protocol device { }; protocol device { };
protocol device { } protocol device { }
protocol device a { }; protocol device a { };
protocol bgp { local as 1; neighbor 10.0.0.1 as 2; ipv4 { import all; export all; }; };
protocol bgp { local as 1; };
protocol bgp b { local as 1; neighbor 10.0.0.1 as 2; };
protocol bgp b { neighbor 10.0.0.1 as 2; ipv4 { import all; export all; }; };
protocol bgp b { local as 1; neighbor 10.0.0.1; ipv4 { import all; export all; }; };
protocol bgp b { local as 1; neighbor 10.0.0.1 internal; ipv4 { import all; export all; }; };
protocol bgp b { local as 1; neighbor 10.0.0.1 external; ipv4 { import all; export all; }; };
protocol bgp b { local as 1; neighbor internal; ipv4 { import all; export all; }; };
protocol bgp b { local as 1; neighbor range 10.0.0.0/24 internal; ipv4 { import all; export all; }; };
protocol bgp b { local as 1; neighbor range 10.0.0.0/24 external; ipv4 { import all; export all; }; };
protocol bgp b { local as 1; neighbor range 10.0.0.0/24 as 3; dynamic name "x"; dynamic name digits 4; ipv4 { import all; export all; }; };
protocol bgp b { local as 1; neighbor range 10.0.0.0/24 as 3; dynamic name digits 20; ipv4 { import all; export all; }; };
protocol bgp b { local as 1; neighbor fe80::1 as 2; ipv6 { import all; export all; }; };
protocol bgp b { local as 1; neighbor fe80::1%eth0 as 2; ipv6 { import all; export all; }; };
protocol bgp b { local as 1; neighbor fe80::1 as 2; interface "eth0"; ipv6 { import all; export all; }; };
protocol bgp b { local as 1; neighbor fe80::1%'eth-0' as 2; ipv6 { import all; export all; }; };
protocol bgp b { local 10.0.0.2 as 1; neighbor 10.0.0.1 as 2; ipv4 { import all; export all; }; };
protocol bgp b { local 10.0.0.2 port 1179 as 1; neighbor 10.0.0.1 port 1179 as 2; ipv4 { import all; export all; }; };
protocol bgp b { local port 1179 as 1; neighbor 10.0.0.1 as 2; ipv4 { import all; export all; }; };
protocol bgp b { local as 0; neighbor 10.0.0.1 as 2; ipv4 { import all; export all; }; };
protocol bgp b { local as 4294967296; neighbor 10.0.0.1 as 2; ipv4 { import all; export all; }; };
protocol bgp b { local as 1; neighbor 10.0.0.1 as 1; rs client; ipv4 { import all; export all; }; };
protocol bgp b { local as 1; neighbor 10.0.0.1 as 2; rr client; ipv4 { import all; export all; }; };
protocol bgp b { local as 1; neighbor 10.0.0.1 as 1; rr client; ipv4 { import all; export all; }; };
protocol bgp b { local as 1; neighbor 10.0.0.1 as 1; rr client; rs client; ipv4 { import all; export all; }; };
protocol bgp b { local as 1; neighbor 10.0.0.1 as 2; multihop; direct; ipv4 { import all; export all; }; };
protocol bgp b { local as 1; neighbor 10.0.0.1 as 2; multihop 1; ttl security; ipv4 { import all; export all; }; };
protocol bgp b { local as 1; neighbor 10.0.0.1 as 1; ttl security; ipv4 { import all; export all; }; };
protocol bgp b { local as 1; neighbor 10.0.0.1 as 1; ttl security; direct; ipv4 { import all; export all; }; };
protocol bgp b { local as 1; neighbor 10.0.0.1 as 2; local role peer; ipv4 { import all; export all; }; };
protocol bgp b { local as 1; neighbor 10.0.0.1 as 1; local role peer; ipv4 { import all; export all; }; };
protocol bgp b { local as 1; neighbor 10.0.0.1 as 2; require roles; ipv4 { import all; export all; }; };
protocol bgp b { local as 1; confederation 10; confederation member; neighbor 10.0.0.1 as 2; ipv4 { import all; export all; }; };
protocol bgp b { local as 1; confederation member; neighbor 10.0.0.1 as 2; ipv4 { import all; export all; }; };
protocol bgp b { local as 1; confederation 10; neighbor 10.0.0.1 as 2; ipv4 { import all; export all; }; };
protocol bgp b { local as 1; neighbor 10.0.0.1 as 2; ipv4; ipv4 { import all; export all; }; };
protocol bgp b { local as 1; neighbor 10.0.0.1 as 2; ipv4 { gateway recursive; }; };
protocol bgp b { local as 1; neighbor 10.0.0.1 as 2; ipv4 { igp table master6; }; };
protocol bgp b { local as 1; neighbor 10.0.0.1 as 2; vpn4; };
protocol bgp b { local as 1; neighbor 10.0.0.1 as 2; flow4; };
protocol bgp b { local as 1; neighbor 10.0.0.1 as 2; ipv4 multicast; };
protocol bgp b { local as 1; neighbor 10.0.0.1 as 2; ipv4 mpls; };
protocol bgp b { vrf "x"; local as 1; neighbor 10.0.0.1 as 2; ipv4 { import all; export all; }; };
protocol bgp b { vrf default; local as 1; neighbor 10.0.0.1 as 2; ipv4 { import all; export all; }; };
protocol direct { ipv4; };
protocol direct { ipv4; ipv6; };
protocol direct { };
protocol direct { interface "eth*"; };
protocol kernel { };
protocol kernel { ipv4; };
protocol kernel { ipv4; ipv6; };
protocol kernel { ipv4; }; protocol kernel { ipv6; };
protocol kernel { ipv4; }; protocol kernel { ipv4; };
protocol kernel { ipv4; }; ipv4 table t; protocol kernel { ipv4 { table t; }; };
protocol kernel { ipv4; }; ipv4 table t; protocol kernel { kernel table 5; ipv4 { table t; }; };
protocol kernel { ipv4; }; protocol kernel { kernel table 5; ipv4; };
protocol static { };
protocol static { ipv4; };
protocol static { ipv4; ipv6; };
protocol static { route 10.0.0.0/8 blackhole; ipv4; };
protocol static { ipv4; route 2001:db8::/32 blackhole; };
protocol static { ipv6; route 2001:db8::/32 blackhole; };
roa4 table r; protocol static { roa4 { table r; }; route 10.0.0.0/8 max 24 as 5; };
roa4 table r; protocol static { roa4 { table r; }; route 10.0.0.0/8 max 7 as 5; };
roa4 table r; protocol static { roa4 { table r; }; route 10.0.0.0/8 blackhole; };
roa6 table r; protocol static { roa6 { table r; }; route 2001:db8::/32 max 48 as 5; };
ipv4 table t; protocol pipe { table master4; peer table t; };
ipv4 table t; protocol pipe { table master4; peer table t; import all; export none; };
ipv4 table t; protocol pipe { table t; peer table t; };
ipv4 table t; protocol pipe { peer table t; };
ipv4 table t; protocol pipe { table master4; };
ipv6 table t; protocol pipe { table master4; peer table t; };
ipv4 table t; protocol pipe { table master4; peer table t; mode opaque; };
protocol bfd { };
protocol bfd { }; protocol bfd { };
protocol rip { ipv4; };
protocol ospf v2 { ipv4; area 0 { }; };
protocol ospf v3 { ipv6; area 0 { }; };
protocol babel { ipv4; };
protocol radv { };
protocol rpki { roa4 { table r; }; };
protocol mrt { table "*"; filename "/tmp/x"; period 5; };
protocol l3vpn { };
protocol aggregator { };
protocol perf { };
include "nope.conf";
include "nope*.conf";
include ""
include "";
include nope;
nope;
nope
}
{
@
$
"text";
5;
protocol
protocol bgp
filter
define
"""

BGP = """
description "x";
description x;
disabled;
disabled on;
disabled off;
disabled maybe;
router id 10.0.0.9;
debug all;
debug off;
debug { states, routes };
mrtdump all;
mrtdump { messages };
vrf "red";
local as 5;
local 10.0.0.2;
local as (1 + 2);
neighbor 10.0.0.9;
neighbor as 3;
neighbor 10.0.0.9 as 3;
neighbor port 1179;
interface "eth0";
interface "eth*";
interface eth0;
strict bind;
strict bind yes;
free bind;
check link;
source address 10.0.0.2;
source address 2001:db8::1;
direct;
multihop;
multihop 5;
multihop 0;
multihop 255;
multihop 256;
dynamic name "x";
dynamic name digits 3;
dynamic name digits 100;
next hop self;
next hop keep;
missing lladdr self;
gateway direct;
gateway recursive;
igp table master4;
ttl security;
ttl security off;
password "x";
password "";
password x;
passive;
passive off;
rr cluster id 10.0.0.1;
rr cluster id 5;
rr client;
rs client;
secondary;
confederation 10;
confederation member;
allow bgp_local_pref;
allow bgp_local_pref off;
allow bgp_med;
allow local as;
allow local as 5;
allow local as 0;
allow as sets;
allow as sets off;
enforce first as;
enforce first as off;
enable route refresh;
enable enhanced route refresh;
enable as4;
enable as4 off;
enable extended messages;
capabilities;
capabilities off;
advertise hostname;
advertise ipv4;
advertise ipv4 off;
disable after error;
disable after cease;
disable after cease off;
disable after cease { 1, 2 };
disable after cease { cease, prefix limit hit, administrative shutdown, peer deconfigured, administrative reset };
disable after cease { connection rejected, configuration change, connection collision, out of resources };
disable after cease { nope };
disable after cease { };
disable after cease { 1 };
hold time 90;
hold time 1;
hold time 2;
hold time 3;
hold time 0;
hold time 65535;
hold time 65536;
hold time 90 s;
min hold time 5;
startup hold time 90;
startup hold time 1;
keepalive time 30;
keepalive time 0;
min keepalive time 5;
send hold time 480;
connect retry time 5;
connect delay time 5;
start delay time 5;
error wait time 5, 30;
error wait time 30, 5;
error wait time 5;
error wait time 5 30;
error forget time 300;
path metric;
path metric off;
med metric;
igp metric;
prefer older;
deterministic med;
default bgp_med 5;
default bgp_local_pref 500;
interpret communities;
interpret communities off;
graceful restart;
graceful restart on;
graceful restart off;
graceful restart aware;
graceful restart maybe;
graceful restart time 60;
graceful restart time 5000;
graceful restart time 60 s;
min graceful restart time 5;
max graceful restart time 5;
long lived graceful restart;
long lived graceful restart aware;
long lived graceful restart off;
long lived stale time 3600;
min long lived stale time 5;
max long lived stale time 5;
require graceful restart;
require roles;
require route refresh;
local role provider;
local role customer;
local role rs_server;
local role rs_client;
local role peer;
local role nope;
bfd;
bfd on;
bfd off;
bfd graceful;
bfd { };
bfd { min rx interval 100 ms; };
bfd { interval 100 ms; multiplier 3; passive; };
bfd { min tx interval 1 s; idle tx interval 5 s; };
bfd { multiplier 0; };
bfd { nope; };
bfd { authentication none; password "x"; };
bfd { authentication simple; };
setkey no;
setkey yes;
tx size warning 100;
authentication md5;
ipv6;
ipv6 { import all; };
ipv4 { nope; };
ipv4;
import all;
export all;
preference 5;
table master4;
import limit 5;
route limit 5;
nope;
nope nope;
local;
neighbor;
hold;
hold time;
hold time x;
password;
error wait time;
Local as 5;
LOCAL AS 5;
"""

CHANNEL = """
;
table master4;
table master6;
table nope;
preference 5;
preference 65535;
preference 65536;
preference -1;
import all;
import none;
import filter f1;
import filter nope;
import filter { accept; };
import filter int x; { x = 1; accept; };
import filter accept;
import where net ~ [10.0.0.0/8+];
import where 1;
import where true;
import where nope;
import f1;
import;
import filter;
import where;
export all;
export none;
export filter f1;
export filter { if net.len > 24 then reject; accept; };
export where source = RTS_STATIC;
export where source ~ [RTS_STATIC, RTS_DEVICE] && net !~ [0.0.0.0/0];
export where bgp_path.len < 5 || defined(bgp_med);
receive limit 5;
receive limit off;
receive limit 5 action warn;
receive limit 5 action block;
receive limit 5 action restart;
receive limit 5 action disable;
receive limit 5 action nope;
receive limit 5 exceed warn;
receive limit;
import limit 5;
import limit 5 exceed warn;
import limit off;
export limit 5 action block;
export limit 0;
route limit 5;
import keep filtered;
import keep filtered off;
import table;
import table on;
export table;
export table off;
rpki reload;
rpki reload off;
debug all;
debug { states };
next hop self;
next hop self off;
next hop self ibgp;
next hop self ebgp;
next hop self nope;
next hop keep;
next hop keep ibgp;
next hop address 10.0.0.1;
next hop address 2001:db8::1;
next hop prefer global;
missing lladdr self;
gateway direct;
gateway recursive;
gateway nope;
mandatory;
mandatory off;
validate;
secondary;
secondary off;
igp table master4;
igp table master6;
igp table nope;
add paths;
add paths on;
add paths off;
add paths rx;
add paths tx;
add paths nope;
extended next hop;
extended next hop off;
require extended next hop;
require add paths;
graceful restart;
graceful restart off;
long lived graceful restart;
long lived stale time 5;
base table master4;
cost 5;
cost 0;
aigp;
aigp off;
aigp originate;
merge paths;
import in master4;
passive;
local as 5;
nope;
description "x";
"""

STATIC = """
check link;
check link off;
igp table master4;
igp table master6;
route 10.0.0.0/8 blackhole;
route 10.0.0.0/8 unreachable;
route 10.0.0.0/8 prohibit;
route 10.0.0.0/8 drop;
route 10.0.0.0/8 reject;
route 10.0.0.0/8 nope;
route 10.0.0.0/8;
route 10.0.0.0/8
route 10.0.0.1/8 blackhole;
route 10.0.0.1 blackhole;
route k_prefix blackhole;
route k_ip blackhole;
route nope blackhole;
route 10.0.0.0/8 via 10.0.0.1;
route 10.0.0.0/8 via 10.0.0.1 via 10.0.0.2;
route 10.0.0.0/8 via 10.0.0.1, 10.0.0.2;
route 10.0.0.0/8 via 10.0.0.1 weight 5 via 10.0.0.2 weight 3;
route 10.0.0.0/8 via 10.0.0.1 weight 0;
route 10.0.0.0/8 via 10.0.0.1 weight 256;
route 10.0.0.0/8 via 10.0.0.1 weight 257;
route 10.0.0.0/8 multipath via 10.0.0.1 via 10.0.0.2;
route 10.0.0.0/8 via "eth0";
route 10.0.0.0/8 via eth0;
route 10.0.0.0/8 via "eth0" via "eth1";
route 10.0.0.0/8 dev "eth0";
route 10.0.0.0/8 via "eth0" onlink;
route 10.0.0.0/8 via 10.0.0.1 dev "eth0";
route 10.0.0.0/8 via 10.0.0.1%eth0;
route 10.0.0.0/8 via 10.0.0.1%eth0 onlink;
route 10.0.0.0/8 via 10.0.0.1%'eth0.5' onlink;
route 10.0.0.0/8 via 10.0.0.1 onlink;
route 10.0.0.0/8 via 10.0.0.1 onlink off;
route 10.0.0.0/8 via 10.0.0.1 bfd;
route 10.0.0.0/8 via 10.0.0.1 bfd off;
route 10.0.0.0/8 via 10.0.0.1 bfd weight 3;
route 10.0.0.0/8 via 10.0.0.1 mpls 100;
route 10.0.0.0/8 via 10.0.0.1 mpls 100/200;
route 10.0.0.0/8 via fe80::1;
route 10.0.0.0/8 via fe80::1%eth0;
route 10.0.0.0/8 via 2001:db8::1;
route 10.0.0.0/8 via k_ip;
route 10.0.0.0/8 via k_int;
route 10.0.0.0/8 via (10.0.0.1);
route 10.0.0.0/8 recursive 10.0.0.1;
route 10.0.0.0/8 recursive 10.0.0.1 mpls 100;
route 10.0.0.0/8 recursive k_ip;
route 10.0.0.0/8 recursive 2001:db8::1;
route 10.0.0.0/8 recursive "eth0";
route 10.0.0.0/8 blackhole { };
route 10.0.0.0/8 blackhole { bgp_med = 5; };
route 10.0.0.0/8 blackhole { bgp_med = 5; bgp_community.add((1,2)); };
route 10.0.0.0/8 blackhole { bgp_path.prepend(5); bgp_path.prepend(6); };
route 10.0.0.0/8 blackhole { int x = 5; bgp_med = x; };
route 10.0.0.0/8 blackhole { int x; x = 5; bgp_med = x; };
route 10.0.0.0/8 blackhole { if net.len = 8 then bgp_med = 5; else bgp_med = 6; };
route 10.0.0.0/8 blackhole { bgp_med = med_of(5); };
route 10.0.0.0/8 blackhole { print "x"; };
route 10.0.0.0/8 blackhole { preference = 5; };
route 10.0.0.0/8 blackhole { krt_mtu = 1400; krt_lock_mtu = true; };
route 10.0.0.0/8 blackhole { accept; };
route 10.0.0.0/8 blackhole { reject; };
route 10.0.0.0/8 blackhole { return true; };
route 10.0.0.0/8 blackhole { my_attr = 5; };
route 10.0.0.0/8 blackhole { nope = 5; };
route 10.0.0.0/8 blackhole { bgp_med = 5 };
route 10.0.0.0/8 blackhole { case 1 { 1: bgp_med = 1; else: bgp_med = 2; } };
route 10.0.0.0/8 via 10.0.0.1 { bgp_med = 5; };
route 10.0.0.0/8 via 10.0.0.1 { bgp_med = 5; } via 10.0.0.2;
route 10.0.0.0/8 max 24 as 5;
route 10.0.0.0/8 from 10.0.0.0/8 blackhole;
route 65000:1 10.0.0.0/8 blackhole;
route vpn4 65000:1 10.0.0.0/8 blackhole;
route flow4 { dst 10.0.0.0/8; };
route mpls 100 via 10.0.0.1;
preference 5;
import all;
export all;
table master4;
scan time 5;
disabled;
description "x";
nope;
"""

KERNEL = """
scan time 5;
scan time 0;
scan time x;
scan time 5 s;
learn;
learn off;
learn all;
persist;
persist off;
graceful restart;
merge paths;
merge paths on;
merge paths off;
merge paths limit 8;
merge paths on limit 8;
merge paths limit 0;
merge paths limit 300;
kernel table 5;
kernel table 0;
kernel table 4294967295;
metric 5;
metric 0;
netlink rx buffer 65536;
device routes;
export all;
import all;
vrf "x";
disabled;
preference 5;
nope;
"""

DEVICE = """
scan time 5;
scan time 0;
scan time 5 ms;
primary 10.0.0.1;
primary "eth0" 10.0.0.1;
interface "eth0" { preferred 10.0.0.1; };
interface "eth0" { preferred 10.0.0.1; preferred 2001:db8::1; };
interface "eth0" { };
interface "eth0";
interface "eth0", "eth1" { preferred 10.0.0.1; };
interface "eth0" { nope; };
preferred 10.0.0.1;
ipv4;
disabled;
description "x";
nope;
"""

DIRECT = """
ipv4;
ipv6;
interface "eth0";
interface "eth*", -"lo", "*";
interface 10.0.0.0/8;
interface "eth*" 10.0.0.0/8;
interface -10.0.0.0/8;
interface 10.0.0.1;
interface eth0;
interface "eth0" { };
check link;
check link off;
ipv4 { import none; };
ipv4 { import filter f1; export all; };
ipv4 { preference 5; };
disabled;
nope;
"""

PIPE = """
peer table t4;
peer table t6;
peer table nope;
table t4;
import all;
import none;
import filter f1;
export filter f1;
export where net.len = 8;
import limit 5;
export limit 5 action block;
receive limit 5;
import keep filtered;
preference 5;
mode transparent;
mode opaque;
max generation 5;
description "x";
ipv4;
nope;
"""

BFD = """
accept ipv4;
accept ipv6;
accept direct;
accept multihop;
accept ipv4 direct;
accept direct ipv6;
accept ipv4 ipv6;
accept nope;
accept;
strict bind;
strict bind off;
zero udp6 checksum rx;
interface "eth0" { };
interface "eth0" { interval 100 ms; };
interface "eth0" { min rx interval 100 ms; min tx interval 200 ms; idle tx interval 1 s; multiplier 4; };
interface "eth0" { min rx interval 100; };
interface "eth0" { multiplier 0; };
interface "eth0" { multiplier 255; };
interface "eth0" { multiplier 256; };
interface "eth0" { passive; };
interface "eth0" { authentication none; };
interface "eth0" { authentication simple; password "x"; };
interface "eth0" { authentication keyed md5; password "x"; };
interface "eth0" { authentication meticulous keyed sha1; password "x" { id 5; }; };
interface "eth0" { authentication nope; };
interface "eth0" { nope; };
interface "eth0";
interface "eth*", "br*" { interval 1 s; };
interface eth0 { };
multihop { interval 200 ms; multiplier 10; };
multihop { passive; };
multihop { nope; };
multihop;
neighbor 10.0.0.1;
neighbor 10.0.0.1 dev "eth0";
neighbor 10.0.0.1%eth0;
neighbor fe80::1%eth0;
neighbor fe80::1;
neighbor 10.0.0.1 local 10.0.0.2;
neighbor 10.0.0.1 dev "eth0" local 10.0.0.2;
neighbor 10.0.0.1 local 10.0.0.2 multihop;
neighbor 10.0.0.1 multihop;
neighbor 10.0.0.1 local 10.0.0.2 multihop on;
neighbor nope;
ipv4;
disabled;
nope;
"""

_DEFINITIONS = """
define k_int = 5;
define k_string = "s";
define k_ip = 10.0.0.9;
define k_prefix = 10.9.0.0/16;
define k_pair = (5,5);
define k_set = [1, 5..9];
"""
_DEFINITIONS_2 = _DEFINITIONS + """
define k_pset = [10.0.0.0/8+, 11.0.0.0/8{12,16}];
attribute int my_attr;
attribute clist my_list;
ipv4 table t4;
ipv6 table t6;
roa4 table r4;
roa6 table r6;
function med_of(int x) { return x * 2; }
function is_ok(int x) { return x > 0; }
function no_result() { print "nothing"; }
filter f1 { accept; }
"""

# BIRD wants a protocol in each file.
_LAST = "protocol direct tail_end { disabled; }\n"

FRAMES = {
    "expression": (EXPRESSIONS, _DEFINITIONS_2 + "filter probe {\nprint <piece>;\naccept;\n}\n" + _LAST),
    "statement": (STATEMENTS, _DEFINITIONS_2 + "filter probe {\n<piece>\naccept;\n}\n" + _LAST),
    "top": (TOP, "<piece>\n" + _LAST),
    "bgp": (BGP, _DEFINITIONS_2 + "protocol bgp b {\nlocal as 65000;\nneighbor 10.0.0.1 as 65001;\nipv4 { import all; export all; };\n<piece>\n}\n"),
    "channel": (CHANNEL, _DEFINITIONS_2
                + "protocol bgp b {\nlocal as 65000;\nneighbor 10.0.0.1 as 65001;\nipv4 {\nimport all;\nexport all;\n<piece>\n};\n}\n"),
    "static": (STATIC, _DEFINITIONS_2 + "protocol static {\nipv4;\n<piece>\n}\n"),
    "kernel": (KERNEL, _DEFINITIONS_2 + "protocol kernel {\nipv4;\n<piece>\n}\n"),
    "device": (DEVICE, _DEFINITIONS_2 + "protocol device {\n<piece>\n}\n"),
    "direct": (DIRECT, _DEFINITIONS_2 + "protocol direct {\n<piece>\n}\n"),
    "pipe": (PIPE, _DEFINITIONS_2 + "protocol pipe {\ntable master4;\npeer table t4;\n<piece>\n}\n"),
    "bfd": (BFD, _DEFINITIONS_2 + "protocol bfd {\n<piece>\n}\n"),
}

# Of the pieces for BIRD 2, those of these frames are read by 1.6, too; its own top level and protocols follow.
BIRD1_TOP = """
filter bgp_otc { accept; }
filter do { accept; }
filter format { accept; }
filter gw_mpls { accept; }
filter onlink { accept; }
filter weight { accept; }
filter master { accept; }
define onlink = 5; filter f { print onlink; accept; }
define gw_mpls = 5; filter f { bgp_med = gw_mpls; accept; }
function format(int x) { return x; } filter f { print format(5); accept; }
function do(int x) { return x; } filter f { if do(5) = 5 then accept; do(1); reject; }
filter f int master; { master = 5; if master > 3 then accept; reject; }
filter f int bgp_otc; int do; int format; int gw_mpls; int onlink; { bgp_otc = 1; do = 2; format = 3; print onlink; accept; }
filter f int weight; { accept; }
filter f int bgp_med; { accept; }
filter f int RTD_DEVICE; { accept; }
function f() { return f(); }
function f(int a; int b) { return f(a, b); }
filter f { if dest = RTD_DEVICE then reject; if dest ~ [RTD_ROUTER, RTD_MULTIPATH, RTD_BLACKHOLE] then accept; reject; }
filter f { print defined(net.len), defined(bgp_path.len), defined(bgp_med), defined(5); accept; }
filter f { print (5, 70000); accept; }
filter f { print (5, 7 * 10000), (rt, 70000, 2 * 65536); accept; }
filter f { print (rt, 70000, 131072); accept; }
;
define x = 1;
define x = 1; define y = x + 1; define z = (x, y);
define x = y;
define x = 1; define x = 2;
define x = [10.0.0.0/8+];
define x = +empty+;
define x = 10.0.0.1;
define x = 2001:db8::1;
function f() { return 1; }
function f() { }
function f(int a) { return a; }
function f(int a; int b) { return a + b; }
function f(int a, int b) { return a + b; }
function f(int a) int b; { b = a; return b; }
function f(int a) { int b = a; return b; }
function f(int a) { if a = 0 then return 0; return f(a - 1); } filter g { print f(3); accept; }
function f() { return g(); } function g() { return 1; }
filter f { accept; }
filter f { }
filter f int x; { x = 1; accept; }
filter f int x; bool y; { x = 1; y = true; accept; }
filter f { int x; accept; }
filter f { return true; }
attribute int my_a;
table t;
table t sorted;
table t { sorted; };
ipv4 table t;
roa table r;
roa table r { roa 10.0.0.0/8 max 24 as 5; };
roa table r { roa 10.0.0.0/8 max 7 as 5; };
roa table r { roa 2001:db8::/32 max 48 as 5; };
roa table r { nope; };
roa4 table r;
router id 10.0.0.1;
router id 5;
router id from "eth*", -"lo";
listen bgp port 179;
listen bgp address 10.0.0.1 port 1179;
listen bgp address 10.0.0.1;
listen bgp v6only;
listen bgp dual;
listen bgp;
listen bgp nope;
log syslog all;
log syslog name "x" { warning };
log stderr all;
log "/tmp/x.log" all;
log "/tmp/x.log" { debug, trace, info, remote, warning, error, auth, fatal, bug };
log udp 10.0.0.1 all;
debug protocols all;
debug protocols { states, routes };
debug latency on;
debug commands 2;
debug tables all;
mrtdump "/tmp/x.mrt";
mrtdump protocols all;
mrtdump protocols { states, messages };
watchdog warning 5 s;
watchdog timeout 5 s;
timeformat base iso long;
timeformat route old short;
timeformat protocol iso short;
timeformat route "%F" 3600 "%T";
graceful restart wait 60;
hostname "a";
eval 1;
template bgp t { local as 1; } protocol bgp b from t { neighbor 10.0.0.1 as 2; }
template bgp t { local as 1; } template bgp u from t { } protocol bgp b from u { neighbor 10.0.0.1 as 2; }
protocol bgp b from nope { }
protocol bgp { local as 1; neighbor 10.0.0.1 as 2; }
protocol bgp b { local as 1; neighbor 10.0.0.1 as 2; };
protocol bgp b { local as 1; neighbor 2001:db8::1 as 2; }
protocol bgp b { local as 1; }
protocol bgp b { neighbor 10.0.0.1 as 2; }
protocol bgp b { local as 1; neighbor 10.0.0.1; }
protocol bgp b { local as 1; neighbor 10.0.0.1 as 1; rr client; }
protocol bgp b { local as 1; neighbor 10.0.0.1 as 2; rr client; }
protocol bgp b { local as 1; neighbor 10.0.0.1 as 1; rs client; }
protocol bgp b { local as 1; neighbor fe80::1 as 2; }
protocol bgp b { local as 1; neighbor fe80::1%eth0 as 2; }
protocol device { }
protocol device { } protocol device { }
protocol direct { }
protocol direct { interface "eth*"; }
protocol direct { interface -"cali*", -"kube-ipvs*", "*"; }
protocol kernel { }
protocol kernel { } protocol kernel { }
table t; protocol kernel { } protocol kernel { table t; kernel table 5; }
table t; protocol kernel { } protocol kernel { table t; }
protocol static { }
protocol static { route 10.0.0.0/8 blackhole; }
protocol static { route 2001:db8::/32 blackhole; }
table t; protocol pipe { peer table t; }
table t; protocol pipe { table t; peer table master; }
table t; protocol pipe { peer table t; mode opaque; }
table t; protocol pipe { peer table t; mode transparent; import all; export all; }
table t; protocol pipe { peer table t; mode nope; }
protocol pipe { peer table nope; }
protocol pipe { peer table master; }
protocol bfd { }
protocol rip { }
protocol ospf { area 0 { }; }
protocol babel { }
protocol radv { }
include "nope.conf";
include "nope*.conf";
nope;
ipv4;
protocol bgp b { local as 1; neighbor 10.0.0.1 as 2; ipv4; }
"""

BIRD1_BGP = """
description "x";
disabled;
router id 10.0.0.9;
debug all;
debug { states, routes };
mrtdump all;
table master;
table nope;
preference 5;
preference 65536;
import all;
import none;
import filter f1;
import filter { accept; };
import where net.len = 24;
export all;
export none;
export filter f1;
export where source = RTS_STATIC;
export filter { if ( defined(krt_metric) ) then reject; accept; };
import limit 5;
import limit 5 action warn;
import limit 5 action block;
import limit 5 action restart;
import limit 5 action disable;
import limit 5 exceed warn;
export limit 5 action block;
receive limit 5;
receive limit off;
route limit 5;
import keep filtered;
import table;
vrf "red";
local as 5;
local 10.0.0.2 as 5;
local 10.0.0.2;
neighbor 10.0.0.9 as 3;
neighbor 10.0.0.9 port 1179 as 3;
neighbor as 3;
interface "eth0";
strict bind;
check link;
source address 10.0.0.2;
direct;
multihop;
multihop 5;
next hop self;
next hop self ibgp;
next hop keep;
next hop address 10.0.0.1;
missing lladdr self;
missing lladdr drop;
missing lladdr ignore;
gateway direct;
gateway recursive;
igp table master;
ttl security;
ttl security off;
password "x";
passive;
passive on;
rr cluster id 10.0.0.1;
rr client;
rs client;
secondary;
add paths;
add paths rx;
add paths tx;
allow local as;
allow local as 5;
allow bgp_local_pref;
enable route refresh;
enable as4;
enable extended messages;
capabilities;
advertise ipv4;
disable after error;
disable after cease;
disable after cease { prefix limit hit };
hold time 90;
hold time 2;
startup hold time 90;
keepalive time 30;
connect retry time 5;
connect delay time 2;
start delay time 5;
error wait time 5, 30;
error forget time 300;
path metric;
med metric;
igp metric;
prefer older;
deterministic med;
default bgp_med 5;
default bgp_local_pref 500;
interpret communities;
graceful restart;
graceful restart aware;
graceful restart time 60;
long lived graceful restart;
long lived stale time 60;
bfd;
bfd off;
bfd graceful;
bfd { interval 100 ms; };
route limit 5;
extended next hop;
ipv4 { import all; };
mandatory;
nope;
"""

BIRD1_STATIC = """
check link;
igp table master;
import all;
import filter f1;
export all;
preference 5;
table master;
scan time 5;
disabled;
nope;
"""
# <net>, <gw>, <gw2>: a network and addresses of the family.
BIRD1_ROUTES = """
route <net> blackhole;
route <net> unreachable;
route <net> prohibit;
route <net> drop;
route <net> reject;
route <net> nope;
route <net>;
route <net> via <gw>;
route <net> via <gw> via <gw2>;
route <net> multipath via <gw> via <gw2>;
route <net> multipath via <gw> weight 5 via <gw2> weight 3;
route <net> multipath via <gw> weight 0;
route <net> via <gw> weight 5;
route <net> via "eth0";
route <net> via <gw>%eth0;
route <net> via <gw> bfd;
route <net> via <gw> onlink;
route <net> via <gw>%eth0 onlink;
route <net> via <gw> mpls 100;
route <net> dev "eth0";
route <net> recursive <gw>;
route <gw> blackhole;
route <net> blackhole { bgp_med = 5; };
route <net> blackhole { bgp_path.prepend(5); bgp_community.add((1,2)); };
route <net> blackhole { krt_mtu = 5; };
route <net> blackhole { int x = 5; };
route <net> blackhole { if net.len = 8 then bgp_med = 5; };
route <net> blackhole { };
route <net> max 24 as 5;
"""

BIRD1_KERNEL = """
scan time 5;
learn;
learn all;
persist;
device routes;
graceful restart;
merge paths;
merge paths on limit 8;
merge paths limit 8;
kernel table 5;
metric 5;
netlink rx buffer 65536;
export all;
import none;
export filter { krt_metric = 5; accept; };
preference 5;
disabled;
nope;
"""

BIRD1_DEVICE = """
scan time 5;
primary 10.0.0.1;
primary "eth0" 10.0.0.1;
primary 10.0.0.0/8;
interface "eth0" { preferred 10.0.0.1; };
disabled;
nope;
"""

BIRD1_PIPE = """
table t2;
mode opaque;
mode transparent;
import all;
export filter f1;
export none;
import limit 5;
import keep filtered;
preference 5;
nope;
"""

_DEFINITIONS_1 = """
router id 10.0.0.9;
define k_int = 5;
define k_string = "s";
define k_ip = <gw>;
define k_prefix = <net>;
define k_pair = (5,5);
define k_set = [1, 5..9];
define k_pset = [<net>+];
table t1;
table t2;
roa table r4;
function med_of(int x) { return x * 2; }
function is_ok(int x) { return x > 0; }
function no_result() { print "nothing"; }
filter f1 { accept; }
"""

_FAMILY = {
    4: {"<net>": "10.0.0.0/8", "<gw>": "10.0.0.1", "<gw2>": "10.0.0.2"},
    6: {"<net>": "2001:db8::/32", "<gw>": "2001:db8::1", "<gw2>": "2001:db8::2"},
}

BIRD1_FRAMES = {
    "expression": (EXPRESSIONS, "filter probe {\nprint <piece>;\naccept;\n}\n" + _LAST),
    "statement": (STATEMENTS, "filter probe\n{\n<piece>\naccept;\n}\n" + _LAST),
    "bgp": (BIRD1_BGP, "protocol bgp b {\nlocal as 65000;\nneighbor <gw> as 65001;\n<piece>\n}\n"),
    "static": (BIRD1_STATIC + BIRD1_ROUTES, "protocol static {\n<piece>\n}\n"),
    "kernel": (BIRD1_KERNEL, "protocol kernel {\n<piece>\n}\n"),
    "device": (BIRD1_DEVICE, "protocol device {\n<piece>\n}\n"),
    "pipe": (BIRD1_PIPE, "protocol pipe {\npeer table t1;\n<piece>\n}\n"),
}


def bird2() -> Iterator[tuple[str, str]]:
    """(name, whole file); the name is the frame and the piece."""
    for frame, (pieces, template) in FRAMES.items():
        for piece in filter(None, pieces.splitlines()):
            yield f"{frame}: {piece}", template.replace("<piece>", piece)


def bird1(family: int) -> Iterator[tuple[str, str]]:
    """The same for `bird` (4) and `bird6` (6) of BIRD 1.6."""
    def local(text: str) -> str:
        for word, value in _FAMILY[family].items():
            text = text.replace(word, value)
        return text

    for piece in filter(None, BIRD1_TOP.splitlines()):
        # bird6 wants a router id in each file, the last one of a file counts.
        yield f"top: {piece}", f"router id 10.0.0.9;\n{piece}\n{_LAST}"
    for frame, (pieces, template) in BIRD1_FRAMES.items():
        for piece in filter(None, map(local, pieces.splitlines())):
            yield f"{frame}: {piece}", local(_DEFINITIONS_1 + template).replace("<piece>", piece)
