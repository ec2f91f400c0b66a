"""Random programs of BIRD's filter language, well typed, from a seed.

A program is a tree of Node, so that a failing one can be made smaller: a statement may go, an expression may become
a simpler one of its type.
"""

from __future__ import annotations

import dataclasses
import random
from typing import Callable, Iterator, Optional, Union

Part = Union[str, "Node"]


@dataclasses.dataclass
class Node:
    """Text with nodes in it. `type` is that of an expression; "list" holds statements, each of which may go."""

    type: str
    parts: list[Part]

    def text(self) -> str:
        return "".join(part if isinstance(part, str) else part.text() for part in self.parts)


# What an expression of a type shrinks to.
SIMPLEST = {
    "int": "0", "bool": "true", "ip": "10.0.0.1", "prefix": "10.0.0.0/8", "pair": "(1,1)", "ec": "(rt,1,1)",
    "lc": "(1,1,1)", "string": '"a"', "origin": "ORIGIN_IGP", "path": "+empty+", "clist": "-empty-",
    "eclist": "--empty--", "lclist": "---empty---", "int set": "[1]", "pair set": "[(1,1)]", "ip set": "[10.0.0.1]",
    "ec set": "[(rt,1,1)]", "lc set": "[(1,1,1)]", "prefix set": "[10.0.0.0/8]", "bgpmask": "[= * =]",
}
# Words of the language for the types of variables and arguments.
DECLARED = {
    "int": "int", "bool": "bool", "ip": "ip", "prefix": "prefix", "pair": "pair", "ec": "ec", "lc": "lc",
    "string": "string", "path": "bgppath", "clist": "clist", "eclist": "eclist", "lclist": "lclist",
    "int set": "int set", "pair set": "pair set", "ec set": "ec set", "lc set": "lc set", "prefix set": "prefix set",
    "bgpmask": "bgpmask",
}
LISTS = {"clist": ("bgp_community", "pair", "pair set"), "eclist": ("bgp_ext_community", "ec", "ec set"),
         "lclist": ("bgp_large_community", "lc", "lc set")}


@dataclasses.dataclass
class Program:
    """A filter, the functions before it, and how each looks in a file."""

    functions: list[Node]
    body: Node
    name: str

    def text(self) -> str:
        lines = [function.text() for function in self.functions]
        return "".join(lines) + f"filter {self.name}\n{self.body.text()}\n"

    def nodes(self) -> Iterator[Node]:
        stack: list[Node] = [*self.functions, self.body]
        while stack:
            node = stack.pop()
            yield node
            stack.extend(part for part in node.parts if isinstance(part, Node))


def shrink(program: Program, fails: Callable[[Program], bool], tries: int = 400) -> Program:
    """The smallest program near this one that still fails."""
    changed = True
    while changed and tries > 0:
        changed = False
        for node in list(program.nodes()):
            candidates: list[list[Part]] = []
            if node.type == "list":
                candidates = [node.parts[:i] + node.parts[i + 1:] for i in range(len(node.parts))]
            elif node.type in SIMPLEST and node.parts != [SIMPLEST[node.type]]:
                candidates = [[SIMPLEST[node.type]]]
                candidates += [list(part.parts) for part in node.parts
                               if isinstance(part, Node) and part.type == node.type]
            for parts in candidates:
                before, node.parts = node.parts, parts
                tries -= 1
                if fails(program):
                    changed = True
                    break
                node.parts = before
            if tries <= 0:
                break
    return program


class Generator:
    """Programs for BIRD 2 (dialect 2) or 1.6 (dialect 1)."""

    def __init__(self, seed: int, dialect: int) -> None:
        self.random = random.Random(f"{dialect}/{seed}")
        self.dialect = dialect
        self.name = f"f{seed}"
        self.scopes: list[list[tuple[str, str]]] = []
        self.variables = 0
        self.functions: list[tuple[str, list[str], str]] = []
        self.in_function: Optional[str] = None
        self.prints = 0

    # Small things.

    def chance(self, percent: int) -> bool:
        return self.random.randrange(100) < percent

    def pick(self, items):
        return self.random.choice(items)

    def node(self, type_: str, *parts: Part) -> Node:
        return Node(type_, list(parts))

    def small(self) -> int:
        return self.pick([0, 1, 2, 3, 5, 10, 100, 65000, 65001])

    def address(self) -> str:
        return self.pick(["10.0.0.1", "10.0.0.2", "10.1.2.3", "192.0.2.1", "0.0.0.0", "10.99.0.2", "255.255.255.255"])

    def prefix(self) -> str:
        return self.pick(["10.0.0.0/8", "10.1.0.0/16", "10.1.2.0/24", "0.0.0.0/0", "192.0.2.0/24", "10.1.2.3/32",
                          "10.128.0.0/9", "172.16.0.0/12"])

    # Variables and scopes.

    def visible(self, type_: str) -> list[str]:
        return [name for scope in self.scopes for name, kind in scope if kind == type_]

    def new_variable(self, type_: str) -> str:
        self.variables += 1
        name = f"x{self.variables}"
        self.scopes[-1].append((name, type_))
        return name

    # Expressions.

    def expr(self, type_: str, depth: int) -> Node:
        variables = self.visible(type_)
        if variables and self.chance(35):
            return self.node(type_, self.pick(variables))
        functions = [f for f in self.functions if f[2] == type_]
        if functions and depth > 0 and self.chance(12):
            name, arguments, _ = self.pick(functions)
            parts: list[Part] = [f"{name}("]
            for i, argument in enumerate(arguments):
                parts += [", " if i else "", self.expr(argument, depth - 1)]
            return self.node(type_, *parts, ")")
        return getattr(self, "expr_" + type_.replace(" ", "_"))(depth)

    def expr_int(self, depth: int) -> Node:
        choices: list[Callable[[], Node]] = [
            lambda: self.node("int", str(self.small())),
            lambda: self.node("int", self.pick(["bgp_med", "bgp_local_pref", "preference", "net.len",
                                                "bgp_path.len", "bgp_path.first", "bgp_path.last"])),
            lambda: self.node("int", self.pick(["4294967295", "0x10", "65536", "k_int"])),
        ]
        if depth > 0:
            e = self.expr
            choices += [
                lambda: self.node("int", "(", e("int", depth - 1), self.pick([" + ", " - ", " * "]),
                                  e("int", depth - 1), ")"),
                lambda: self.node("int", "(", e("int", depth - 1), " / ", self.pick(["2", "3", "10"]), ")"),
                lambda: self.node("int", e("path", depth - 1), self.pick([".len", ".first", ".last"])),
                lambda: self.node("int", e("prefix", depth - 1), ".len"),
            ]
            if self.dialect == 2:
                choices += [
                    lambda: self.node("int", e("pair", depth - 1), self.pick([".asn", ".data"])),
                    lambda: self.node("int", e("lc", depth - 1), self.pick([".asn", ".data1", ".data2"])),
                    lambda: self.node("int", e(self.pick(["clist", "lclist"]), depth - 1), ".len"),
                    lambda: self.node("int", e("path", depth - 1), ".last_nonaggregated"),
                    lambda: self.node("int", self.pick(["weight", "ifindex", "gw_mpls", "my_int"])),
                ]
        return self.pick(choices)()

    def expr_bool(self, depth: int) -> Node:
        choices: list[Callable[[], Node]] = [
            lambda: self.node("bool", self.pick(["true", "false"])),
            lambda: self.node("bool", "defined(", self.pick(
                ["bgp_med", "bgp_path", "bgp_community", "bgp_local_pref", "bgp_next_hop", "bgp_origin",
                 "bgp_large_community", "bgp_ext_community", "bgp_atomic_aggr"]), ")"),
            lambda: self.node("bool", "defined(", self.expr("attribute" if self.dialect == 1 else "int", 0), ")"),
            lambda: self.node("bool", self.pick(
                ["(source = RTS_STATIC)", "(source = RTS_BGP)", "(net.len > 16)", "(source ~ [RTS_STATIC, RTS_BGP])",
                 "(dest = RTD_BLACKHOLE)", "(scope = SCOPE_UNIVERSE)", '(proto ~ "s*")', '(ifname = "")',
                 '(ifname ~ "ve*")'])),
        ]
        if depth <= 0:
            return self.pick(choices)()
        e = self.expr
        # Not strings: BIRD is right about their order only where strcmp() happens to return -1 or 1.
        compared = ["int", "pair", "ip", "prefix", "lc", "ec"]
        equal = compared + ["string", "bool", "path", "clist", "eclist", "lclist", "origin", "bgpmask"]

        def relation() -> Node:
            if self.chance(50):
                type_ = self.pick(compared if self.dialect == 2 else ["int", "pair", "ip"])
                sign = self.pick([" < ", " <= ", " > ", " >= "])
            else:
                type_ = self.pick(equal if self.dialect == 2 else ["int", "pair", "ip", "bool", "origin", "prefix"])
                sign = self.pick([" = ", " != "])
            return self.node("bool", "(", e(type_, depth - 1), sign, e(type_, depth - 1), ")")

        def match() -> Node:
            pairs = [("int", "int set"), ("pair", "pair set"), ("ip", "prefix"), ("ip", "ip set"),
                     ("prefix", "prefix"), ("prefix", "prefix set"), ("pair", "clist"), ("ec", "eclist"),
                     ("lc", "lclist"), ("clist", "pair set"), ("eclist", "ec set"), ("lclist", "lc set"),
                     ("path", "bgpmask"), ("string", "string"), ("lc", "lc set"), ("ec", "ec set")]
            pairs += [("int", "path"), ("path", "int set")]
            left, right = self.pick(pairs)
            return self.node("bool", "(", e(left, depth - 1), self.pick([" ~ ", " !~ "]), e(right, depth - 1), ")")

        choices += [relation, relation, match, match, match,
                    lambda: self.node("bool", "(", e("bool", depth - 1), self.pick([" && ", " || "]),
                                      e("bool", depth - 1), ")"),
                    lambda: self.node("bool", "!(", e("bool", depth - 1), ")")]
        return self.pick(choices)()

    def expr_ip(self, depth: int) -> Node:
        choices = [lambda: self.node("ip", self.address()),
                   lambda: self.node("ip", self.pick(["net.ip", "gw", "from", "bgp_next_hop"]))]
        if depth > 0:
            choices += [lambda: self.node("ip", self.expr("ip", depth - 1), ".mask(",
                                          self.pick(["0", "8", "12", "24", "31", "32"]), ")"),
                        lambda: self.node("ip", self.expr("prefix", depth - 1), ".ip")]
        return self.pick(choices)()

    def expr_prefix(self, depth: int) -> Node:
        return self.node("prefix", "net" if self.chance(50) else self.prefix())

    def expr_pair(self, depth: int) -> Node:
        if depth > 0 and self.chance(30):
            # Constants above 65535 would be refused.
            part = [self.node("int", self.pick([*self.visible("int"), "net.len", "bgp_path.len", "k_int",
                                                str(self.small())])) for _ in range(2)]
            return self.node("pair", "(", part[0], ", ", part[1], ")")
        if self.dialect == 2 and self.chance(10):
            return self.node("pair", self.expr("clist", max(depth - 1, 0)), self.pick([".min", ".max"]))
        return self.node("pair", f"({self.small()},{self.small()})")

    def expr_ec(self, depth: int) -> Node:
        kind = self.pick(["rt", "ro", "rt", "generic"])
        if kind == "generic":
            return self.node("ec", f"(generic, {self.pick(['0x43000001', '5', '0x2000a'])}, {self.small()})")
        if depth > 0 and self.chance(25):
            return self.node("ec", f"({kind}, ", self.expr("int", depth - 1), ", ", self.expr("int", depth - 1), ")")
        key = self.pick([str(self.small()), "10.0.0.1", "70000"])
        return self.node("ec", f"({kind}, {key}, {self.small() % 65536})")

    def expr_lc(self, depth: int) -> Node:
        if depth > 0 and self.chance(30):
            e = self.expr
            return self.node("lc", "(", e("int", depth - 1), ", ", e("int", depth - 1), ", ", e("int", depth - 1), ")")
        return self.node("lc", f"({self.small()}, {self.small()}, {self.small()})")

    def expr_string(self, depth: int) -> Node:
        if self.dialect == 2 and depth > 0 and self.chance(30):
            return self.node("string", "format(", self.expr(self.pick(["int", "prefix", "path", "pair", "bool"]),
                                                            depth - 1), ")")
        return self.node("string", self.pick(['"a"', '"abc"', '"a*"', '"?b*"', '""', '"*"', "proto", "ifname"]))

    def expr_origin(self, depth: int) -> Node:
        return self.node("origin", self.pick(["ORIGIN_IGP", "ORIGIN_EGP", "ORIGIN_INCOMPLETE", "bgp_origin"]))

    def expr_path(self, depth: int) -> Node:
        if depth <= 0:
            return self.node("path", self.pick(["bgp_path", "bgp_path", "+empty+"]))
        if self.chance(35):
            return self.node("path", self.pick(["delete(", "filter("]), self.expr("path", depth - 1), ", ",
                             self.expr("int set", depth - 1), ")")
        if self.chance(15):
            return self.node("path", "delete(", self.expr("path", depth - 1), ", ", self.expr("int", 0), ")")
        return self.node("path", "prepend(", self.expr("path", depth - 1), ", ", self.expr("int", 0), ")")

    def list_expr(self, type_: str, depth: int) -> Node:
        attribute, item, items = LISTS[type_]
        if depth <= 0:
            return self.node(type_, self.pick([attribute, SIMPLEST[type_]]))
        change = self.pick(["add", "add", "delete", "filter"])
        operands = {"add": [item, type_], "delete": [item, type_, items], "filter": [type_, items]}[change]
        return self.node(type_, f"{change}(", self.expr(type_, depth - 1), ", ",
                         self.expr(self.pick(operands), depth - 1), ")")

    def expr_clist(self, depth: int) -> Node:
        return self.list_expr("clist", depth)

    def expr_eclist(self, depth: int) -> Node:
        return self.list_expr("eclist", depth)

    def expr_lclist(self, depth: int) -> Node:
        return self.list_expr("lclist", depth)

    # Sets, without overlaps: BIRD looks for a value in only one of the ranges around it.

    def apart(self, count: int, top: int) -> list[tuple[int, int]]:
        cuts = sorted(self.random.sample(range(top), 2 * count))
        return [(cuts[2 * i], cuts[2 * i + (0 if self.chance(50) else 1)]) for i in range(count)]

    def numbers(self) -> list[str]:
        base = self.pick([[1, 5, 10, 11], [0, 2, 3, 100], [65000, 65001, 70000, 4294967295]])
        chosen = sorted(self.random.sample(base, self.random.randint(1, 3)))
        texts = [str(n) for n in chosen]
        if self.chance(40):
            low, high = self.pick([(20, 90), (200, 64000), (66000, 69000)])
            texts.append(f"{low}..{high}")
        self.random.shuffle(texts)
        return texts

    def expr_int_set(self, depth: int) -> Node:
        if self.dialect == 2 and self.chance(6):
            return self.node("int set", "[]")
        return self.node("int set", "[" + ", ".join(self.numbers()) + "]")

    def expr_pair_set(self, depth: int) -> Node:
        rows = self.random.sample([0, 1, 2, 3, 5, 10, 100], self.random.randint(1, 3))
        items = []
        for row in rows:
            items.append(f"({row},{self.pick(['*', '1', '0..5', '3', '65000..65001', '5'])})")
        if self.chance(30):
            items.append(self.pick(["(65000..65001, *)", "(65000, 1)..(65001, 5)", "(200..203, 5..6)"]))
        return self.node("pair set", "[" + ", ".join(items) + "]")

    def expr_ip_set(self, depth: int) -> Node:
        items = self.random.sample(["10.0.0.1", "10.0.0.2..10.0.0.9", "192.0.2.0..192.0.2.255", "0.0.0.0",
                                    "2001:db8::1", "10.99.0.2"], self.random.randint(1, 3))
        if self.dialect == 1:
            items = [item for item in items if ":" not in item] or ["10.0.0.1"]
        return self.node("ip set", "[" + ", ".join(items) + "]")

    def expr_ec_set(self, depth: int) -> Node:
        items = self.random.sample(["(rt, 1, *)", "(rt, 2, 1..10)", "(ro, 5, 0)", "(rt, 70000, *)", "(rt, 100, 100)",
                                    "(generic, 0x43000001, 0..5)", "(ro, 65000, *)"], self.random.randint(1, 3))
        return self.node("ec set", "[" + ", ".join(items) + "]")

    def expr_lc_set(self, depth: int) -> Node:
        items = self.random.sample(["(1, *, *)", "(2, 1, *)", "(2, 2, 1..10)", "(3, 5, 5)", "(100..65000, *, *)",
                                    "(10, 0..5, *)"], self.random.randint(1, 3))
        return self.node("lc set", "[" + ", ".join(items) + "]")

    def expr_prefix_set(self, depth: int) -> Node:
        items = []
        for _ in range(self.random.randint(1, 4)):
            prefix = self.prefix()
            length = int(prefix.split("/")[1])
            low = self.random.randint(0, 32)
            high = self.random.randint(low, 32)
            items.append(prefix + self.pick(["", "+", "-", f"{{{low},{high}}}", f"{{{length},32}}"]))
        return self.node("prefix set", "[" + ", ".join(items) + "]")

    def expr_bgpmask(self, depth: int) -> Node:
        items = []
        for _ in range(self.random.randint(0, 4)):
            item = self.pick(["1", "2", "65000", "*", "?", "1..100", "k_int"])
            if self.dialect == 1 and self.chance(10):
                item = "(1 + net.len)"
            if self.dialect == 2:
                item = self.pick([item, "[1, 2, 65000..65001]", "(1 + 1)"])
                if item != "*" and self.chance(20):
                    item += " +"
            items.append(item)
        return self.node("bgpmask", "[= " + " ".join(items) + " =]")

    # Statements.

    PRINTED = ["int", "bool", "ip", "prefix", "pair", "ec", "lc", "string", "path", "clist", "eclist", "lclist",
               "int set", "ip set", "bgpmask", "origin"]

    # Not masks of paths with expressions in them: BIRD 1.6 prints those, too, and changes what it prints for them.
    PRINTED_1 = [*PRINTED[:14], "origin", "variable", "attribute"]

    def expr_variable(self, depth: int) -> Node:
        """Any variable, with a value or without."""
        names = [name for scope in self.scopes for name, _ in scope]
        return self.node("variable", self.pick(names) if names else "true")

    def expr_attribute(self, depth: int) -> Node:
        return self.node("attribute", self.pick(["bgp_med", "bgp_path", "bgp_community", "bgp_origin", "krt_metric",
                                                 "bgp_cluster_list", "bgp_originator_id", "krt_realm", "source", "dest",
                                                 "scope", "from", "gw", "bgp_next_hop", "igp_metric"]))

    def print_statement(self, depth: int) -> Node:
        self.prints += 1
        parts: list[Part] = [f'print "{self.name} ", net, " {self.prints}: "']
        for _ in range(self.random.randint(1, 3)):
            kinds = self.PRINTED if self.dialect == 2 else self.PRINTED_1
            parts += [', "|", ', self.expr(self.pick(kinds), depth)]
        return self.node("statement", *parts, ";\n")

    def block(self, depth: int, count: Optional[int] = None) -> Node:
        self.scopes.append([])
        statements = [self.statement(depth) for _ in range(count or self.random.randint(1, 3))]
        self.scopes.pop()
        return self.node("statement", "{\n", Node("list", list(statements)), "}\n")

    def declaration(self, depth: int) -> Node:
        types = [t for t in DECLARED if self.dialect == 2 or t not in ("ec set", "lc set", "bgpmask", "string")]
        type_ = self.pick(types)
        value = self.expr(type_, depth)
        return self.node("fixed", f"{DECLARED[type_]} {self.new_variable(type_)} = ", value, ";\n")

    def assignment(self, depth: int) -> Node:
        variables = [(n, t) for scope in self.scopes for n, t in scope if t != "loop"]
        if variables and self.chance(30):
            name, type_ = self.pick(variables)
            return self.node("statement", f"{name} = ", self.expr(type_, depth), ";\n")
        targets = [("bgp_med", "int"), ("bgp_local_pref", "int"), ("bgp_origin", "origin"), ("bgp_path", "path"),
                   ("bgp_community", "clist"), ("bgp_ext_community", "eclist"), ("bgp_large_community", "lclist"),
                   ("bgp_next_hop", "ip"), ("preference", "int"), ("krt_metric", "int"), ("from", "ip")]
        if self.dialect == 2:
            targets += [("my_int", "int"), ("my_list", "clist"), ("my_path", "path")]
        name, type_ = self.pick(targets)
        return self.node("statement", f"{name} = ", self.expr(type_, depth), ";\n")

    def attribute_change(self, depth: int) -> Node:
        if self.chance(30):
            return self.node("statement", "bgp_path.prepend(", self.expr("int", 0), ");\n")
        if self.chance(15):
            what = self.pick(["bgp_community", "bgp_large_community", "bgp_ext_community", "bgp_path"])
            return self.node("statement", what + ".empty;\n")
        if self.chance(15):
            attributes = ["bgp_med", "bgp_local_pref", "bgp_community"]
            if self.dialect == 1:
                attributes += ["bgp_path", "krt_metric", "bgp_origin", "bgp_next_hop"]
            return self.node("statement", f"unset({self.pick(attributes)});\n")
        if self.chance(25):
            return self.node("statement", f"bgp_path.{self.pick(['delete', 'filter'])}(", self.expr("int set", 0),
                             ");\n")
        type_ = self.pick(list(LISTS))
        attribute, item, items = LISTS[type_]
        change = self.pick(["add", "delete", "filter"])
        operand = {"add": item, "delete": self.pick([item, items]), "filter": items}[change]
        return self.node("statement", f"{attribute}.{change}(", self.expr(operand, depth), ");\n")

    def case(self, depth: int) -> Node:
        kind = self.pick(["int", "int", "ip", "origin", "pair"] if self.dialect == 2 else ["int", "int"])
        subject = self.expr(kind, depth)
        branches: list[Part] = []
        labels = {"int": ["0", "1", "2..5", "10", "100..64999", "65000, 65001", "4294967295"],
                  "ip": ["10.0.0.1", "10.0.0.2..10.0.0.9", "192.0.2.1", "10.1.2.3"],
                  "origin": ["ORIGIN_IGP", "ORIGIN_EGP", "ORIGIN_INCOMPLETE"],
                  "pair": ["(1,1)", "(2,*)", "(3,0..5)", "(65000..65001,5)"]}[kind]
        for label in self.random.sample(labels, self.random.randint(1, min(3, len(labels)))):
            self.scopes.append([])
            body = Node("list", [self.statement(depth - 1) for _ in range(self.random.randint(1, 2))])
            self.scopes.pop()
            branches.append(self.node("statement", f"{label}:\n", body))
        if self.chance(60):
            self.scopes.append([])
            body = Node("list", [self.statement(depth - 1)])
            self.scopes.pop()
            branches.append(self.node("statement", "else:\n", body))
        return self.node("statement", "case ", subject, " {\n", Node("list", branches), "}\n")

    def loop(self, depth: int) -> Node:
        type_, item = self.pick([("path", "int"), ("clist", "pair"), ("eclist", "ec"), ("lclist", "lc")])
        source = self.expr(type_, 1)
        self.scopes.append([])
        variable = self.new_variable(item)
        body = self.block(depth - 1, 1)
        self.scopes.pop()
        return self.node("statement", f"for {DECLARED[item]} {variable} in ", source, " do ", body)

    def decision(self, depth: int) -> Node:
        if self.in_function is not None and self.chance(70):
            return self.node("statement", "return ", self.expr(self.in_function, depth), ";\n")
        if self.dialect == 2 and self.chance(20) and self.in_function is None:
            return self.node("statement", "return ", self.expr("bool", depth), ";\n")
        if self.chance(30):
            return self.node("statement", self.pick(["accept", "reject"]), f' "{self.name} ", net, " end: ", ',
                             self.expr("int", 0), ";\n")
        return self.node("statement", self.pick(["accept;\n", "reject;\n", "accept;\n"]))

    def statement(self, depth: int) -> Node:
        roll = self.random.randrange(100)
        if depth > 0:
            if roll < 16:
                head = self.node("statement", "if ", self.expr("bool", 2), " then ", self.block(depth - 1))
                if self.chance(40):
                    head.parts += ["else ", self.block(depth - 1)]
                return head
            if roll < 22:
                return self.case(depth)
            if roll < 27 and self.dialect == 2:
                return self.loop(depth)
            if roll < 30 and self.dialect == 2:  # 1.6 has blocks behind `then` and `else` only
                return self.block(depth - 1)
        if roll < 55:
            return self.print_statement(2)
        if roll < 72:
            return self.assignment(2)
        if roll < 90:
            return self.attribute_change(1)
        if roll < 93:
            return self.decision(1)
        return self.print_statement(1)

    # Whole programs.

    def declare_first(self, depth: int) -> tuple[Node, list[Node]]:
        """Variables: in BIRD 1.6 they stand before the block and get values in it."""
        declared: list[Node] = []
        head: list[Part] = []
        for _ in range(self.random.randint(0, 3)):
            if self.dialect == 2:
                declared.append(self.declaration(depth))
                continue
            type_ = self.pick([t for t in DECLARED if t not in ("ec set", "lc set", "bgpmask", "string", "eclist",
                                                                 "int set", "pair set", "prefix set")])
            value = self.expr(type_, depth)
            name = self.new_variable(type_)
            head.append(f"{DECLARED[type_]} {name};\n")
            declared.append(self.node("fixed", f"{name} = ", value, ";\n"))
        return Node("fixed", head), declared

    def function(self, index: int) -> Node:
        returned = self.pick(["int", "bool", "pair", "path", "clist"] if self.dialect == 2 else ["int", "bool"])
        arguments = [self.pick(["int", "bool", "ip", "prefix", "pair"]) for _ in range(self.random.randint(0, 2))]
        self.scopes = [[]]
        names = [self.new_variable(argument) for argument in arguments]
        self.in_function = returned
        name = f"{self.name}_g{index}"
        head, declared = self.declare_first(1)
        statements = [*declared, *(self.statement(1) for _ in range(self.random.randint(0, 2))),
                      self.node("fixed", "return ", self.expr(returned, 2), ";\n")]
        self.in_function = None
        text = "; ".join(f"{DECLARED[a]} {n}" for a, n in zip(arguments, names))
        self.functions.append((name, arguments, returned))
        return self.node("fixed", f"function {name}({text})\n", head, "{\n", Node("list", statements), "}\n")

    def program(self) -> Program:
        functions = [self.function(i) for i in range(self.random.randint(0, 2))]
        self.scopes = [[]]
        head, declared = self.declare_first(2)
        statements = [*declared, *(self.statement(3) for _ in range(self.random.randint(3, 8)))]
        statements.append(self.node("fixed", "accept;\n"))
        return Program(functions, self.node("fixed", head, "{\n", Node("list", statements), "}\n"), self.name)
