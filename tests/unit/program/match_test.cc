// The semantics of rules on JSON, one row for each promise of the design.
#include "support.h"

namespace tocsin::program {
namespace {

struct Row {
  const char* selection;
  const char* event;
  bool fires;
};

void check(std::initializer_list<Row> rows) {
  for (const Row& row : rows) {
    INFO(row.selection << " on " << row.event);
    CHECK(Runner(rule_of(row.selection)).fires(row.event) == row.fires);
    CHECK(Runner(rule_of(row.selection, "not selection")).fires(row.event) != row.fires);
  }
}

TEST_CASE("paths") {
  check({
      {"{a.b: x}", R"({"a":{"b":"x"}})", true},
      {"{a.b: x}", R"({"a.b":"x"})", true},
      {"{a.b.c: x}", R"({"a":{"b.c":"x"}})", true},
      {"{a.b: x}", R"({"a":[{"b":"y"},{"b":["z","x"]}]})", true},
      {"{a.b: x}", R"({"a":{"c":"x"}})", false},
      {"{A.b: x}", R"({"a":{"b":"x"}})", false},
      {"{a: x}", R"({"a":"y","a":"x"})", true},
  });
}

TEST_CASE("strings") {
  check({
      {"{a: Ab}", R"({"a":"aB"})", true},
      {"{a: ab}", R"({"a":"abc"})", false},
      {"{a: 'a*'}", R"({"a":"Abc"})", true},
      {"{a: 'a?c'}", R"({"a":"a\u20acC"})", true},
      {"{a: 'a\\*'}", R"({"a":"a*"})", true},
      {"{a: 'a\\*'}", R"({"a":"ab"})", false},
      {"{a: ''}", R"({"a":""})", true},
      {"{a: ''}", R"({"a":null})", false},
      {"{a: ''}", R"({})", false},
      {"{a: '*'}", R"({"a":""})", true},
      {"{a: '*'}", R"({"a":null})", false},
      {"{a: '*'}", R"({"a":[]})", false},
      {"{a|cased: Ab}", R"({"a":"Ab"})", true},
      {"{a|cased: Ab}", R"({"a":"ab"})", false},
      {"{a|contains: b}", R"({"a":"aBc"})", true},
      {"{a|startswith: b}", R"({"a":"bc"})", true},
      {"{a|startswith: b}", R"({"a":"ab"})", false},
      {"{a|endswith: B}", R"({"a":"ab"})", true},
      {"{a|contains: ''}", R"({"a":"x"})", true},
      {"{a|startswith: ''}", R"({"a":"x"})", true},
      {"{a|endswith: ''}", R"({"a":""})", true},
      {"{a|startswith: ''}", R"({})", false},
      {"{a|contains|cased: B}", R"({"a":"abc"})", false},
      {"{a: k}", "{\"a\":\"\u212A\"}", true},
      {"{a: \"\u017F\"}", R"({"a":"S"})", true},
      {"{a: \"\u0130\"}", R"({"a":"i"})", false},
      {"{a: \"\u1E9E\"}", "{\"a\":\"\u00DF\"}", true},
      {"{a: ss}", "{\"a\":\"\u00DF\"}", false},
  });
}

TEST_CASE("numbers and booleans") {
  check({
      {"{a: false}", R"({"a":"false"})", true},
      {"{a: false}", R"({"a":"False"})", true},
      {"{a: false}", R"({"a":false})", true},
      {"{a: false}", R"({"a":0})", false},
      {"{a: 'true'}", R"({"a":true})", true},
      {"{a: 1}", R"({"a":1.0})", true},
      {"{a: 1}", R"({"a":"1"})", true},
      {"{a: 1}", R"({"a":"1.0"})", false},
      {"{a: 1.0}", R"({"a":"1"})", true},
      {"{a: '1'}", R"({"a":1e0})", true},
      {"{a: '1*'}", R"({"a":123})", true},
      {"{a: 12345678901234567890123}", R"({"a":12345678901234567890123})", true},
      {"{a: 12345678901234567890123}", R"({"a":12345678901234567890124})", false},
      {"{a|gt: 5}", R"({"a":6})", true},
      {"{a|gt: 5}", R"({"a":"6"})", true},
      {"{a|gt: 5}", R"({"a":"5.5"})", true},
      {"{a|gt: 5}", R"({"a":5})", false},
      {"{a|gte: 5}", R"({"a":[1,5]})", true},
      {"{a|lt: 5}", R"({"a":"-1e3"})", true},
      {"{a|lte: 9007199254740992}", R"({"a":9007199254740993})", false},
      {"{a|gt: 5}", R"({"a":"six"})", false},
      {"{a|gt: 0}", R"({"a":true})", false},
      {"{a|gt: 0}", R"({"a":{"b":1}})", false},
      {"{a|gt: 0}", R"({"a":null})", false},
      {"{a|lt: 0}", R"({})", false},
  });
}

TEST_CASE("yes and no are texts, as YAML 1.2 says") {
  check({
      {"{a: No}", R"({"a":"No"})", true},
      {"{a: No}", R"({"a":"no"})", true},
      {"{a: No}", R"({"a":"false"})", false},
      {"{a: No}", R"({"a":false})", false},
      {"{a: on}", R"({"a":true})", false},
      {"{a: false}", R"({"a":"No"})", false},
  });
}

TEST_CASE("objects, absent fields and null") {
  check({
      {"{a: x}", R"({"a":{"b":["y",{"c":"X"}]}})", true},
      {"{a|contains: '1'}", R"({"a":{"b":[12]}})", true},
      {"{a|re: '^tr'}", R"({"a":{"b":true}})", true},
      {"{a: 12}", R"({"a":{"b":12}})", false},
      {"{a|cidr: 10.0.0.0/8}", R"({"a":{"b":"10.0.0.1"}})", false},
      {"{a: null}", R"({})", true},
      {"{a: null}", R"({"a":null})", true},
      {"{a: null}", R"({"a":["x",null]})", true},
      {"{a: null}", R"({"a":""})", false},
      {"{a: null}", R"({"a":{}})", false},
      {"{a: null}", R"({"a":{"b":null}})", false},
      {"{a: []}", R"({"a":null})", true},
      {"{a: []}", R"({"a":[]})", false},
      {"{a|exists: true}", R"({"a":null})", true},
      {"{a|exists: true}", R"({"a":[]})", true},
      {"{a|exists: true}", R"({})", false},
      {"{a|exists: false}", R"({})", true},
      {"{a.b|exists: true}", R"({"a":{"b":{}}})", true},
  });
}

TEST_CASE("networks") {
  check({
      {"{a|cidr: 10.0.0.0/8}", R"({"a":"10.1.2.3"})", true},
      {"{a|cidr: 10.0.0.0/8}", R"({"a":"11.1.2.3"})", false},
      {"{a|cidr: 10.0.0.0/8}", R"({"a":"::ffff:10.1.2.3"})", true},
      {"{a|cidr: 10.0.0.0/8}", R"({"a":"AWS Internal"})", false},
      {"{a|cidr: 10.0.0.0/8}", R"({"a":10})", false},
      {"{a|cidr: 0.0.0.0/0}", R"({"a":"2001:db8::1"})", false},
      {"{a|cidr: '::/0'}", R"({"a":"10.0.0.1"})", false},
      {"{a|cidr: '2001:db8::/32'}", R"({"a":["x","2001:DB8::1"]})", true},
  });
}

TEST_CASE("regular expressions") {
  check({
      {"{a|re: 'b.d'}", R"({"a":"abcde"})", true},
      {"{a|re: 'B'}", R"({"a":"b"})", false},
      {"{a|re|i: 'B'}", R"({"a":"b"})", true},
      {"{a|re: '^b'}", R"({"a":"a\nb"})", false},
      {"{a|re|m: '^b'}", R"({"a":"a\nb"})", true},
      {"{a|re: 'a.b'}", R"({"a":"a\nb"})", false},
      {"{a|re|s: 'a.b'}", R"({"a":"a\nb"})", true},
      {"{a|re|i|m|s: '^A.B$'}", R"({"a":"x\na\nb\ny"})", true},
      {"{a|re: '^1$'}", R"({"a":1.0})", true},
      {"{a|re: ''}", R"({"a":""})", true},
      {"{a|re: ''}", R"({"a":null})", false},
  });
}

TEST_CASE("encodings and dashes") {
  check({
      {"{a|base64: foo}", R"({"a":"Zm9v"})", true},
      {"{a|base64|contains: foo}", R"({"a":"xxZm9vxx"})", true},
      {"{a|base64offset|contains: foobar}", R"({"a":"eHhmb29iYXI="})", true},
      {"{a|wide|base64: a}", R"({"a":"YQA="})", true},
      {"{a|wide: ab}", R"({"a":"a\u0000b\u0000"})", true},
      {"{a|utf16be: a}", R"({"a":"\u0000a"})", true},
      {"{a|windash|contains: ' -x'}", R"({"a":"cmd /x"})", true},
      {"{a|windash|contains: ' -x'}", "{\"a\":\"cmd \u2013x\"}", true},
      {"{a|windash|contains: ' -x'}", R"({"a":"cmd x"})", false},
      {"{a|windash: 'x-y'}", R"({"a":"x/y"})", false},
  });
}

TEST_CASE("times") {
  check({
      {"{t|hour: 23}", R"({"t":"2024-01-31T23:59:58Z"})", true},
      {"{t|hour: 22}", R"({"t":"2024-01-31T23:59:58+01:00"})", true},
      {"{t|minute: [1, 59]}", R"({"t":"2024-01-31T23:59:58Z"})", true},
      {"{t|day: 31}", R"({"t":"2024-01-31"})", true},
      {"{t|week: 5}", R"({"t":"2024-01-31"})", true},
      {"{t|week: 53}", R"({"t":"2021-01-03"})", true},
      {"{t|month|lte: 1}", R"({"t":"2024-01-31"})", true},
      {"{t|year|gt: 2024}", R"({"t":"2024-01-31"})", false},
      {"{t|year: 2023}", R"({"t":1700000000})", true},
      {"{t|year: 2024}", R"({"t":"last year"})", false},
      {"{t|hour: 0}", R"({"t":true})", false},
  });
}

TEST_CASE("fields compared with fields") {
  check({
      {"{a|fieldref: b}", R"({"a":"X","b":"x"})", true},
      {"{a|fieldref: b}", R"({"a":"x","b":["y","x"]})", true},
      {"{a|fieldref: b.c}", R"({"a":1,"b":{"c":1.0}})", true},
      {"{a|fieldref: b}", R"({"a":"x"})", false},
      {"{a|fieldref: b}", R"({"a":null,"b":null})", false},
      {"{a|fieldref: b}", R"({"a":"x","b":{"c":"x"}})", false},
      {"{a|fieldref|cased: b}", R"({"a":"X","b":"x"})", false},
      {"{a|fieldref|startswith: b}", R"({"a":"xyz","b":"XY"})", true},
      {"{a|fieldref|endswith: b}", R"({"a":"xyz","b":"yz"})", true},
      {"{a|fieldref|contains: b}", R"({"a":"xyz","b":"y"})", true},
      {"{a|fieldref|neq: b}", R"({"a":"x","b":"y"})", true},
  });
}

TEST_CASE("lists of values, all, neq") {
  check({
      {"{a: [x, y]}", R"({"a":"y"})", true},
      {"{a|contains|all: [x, y]}", R"({"a":"xy"})", true},
      {"{a|contains|all: [x, y]}", R"({"a":"x"})", false},
      {"{a|all: [x, y]}", R"({"a":["x","y"]})", true},
      {"{a: [x, null]}", R"({})", true},
      {"{a: [x, 1, true]}", R"({"a":"TRUE"})", true},
      {"{a|neq: x}", R"({"a":"y"})", true},
      {"{a|neq: x}", R"({"a":"X"})", false},
      {"{a|neq: x}", R"({})", true},
      {"{a|neq: [x, y]}", R"({"a":"y"})", false},
      {"{a|neq: x}", R"({"a":["x","y"]})", false},
      {"{a|contains|all|neq: [x, y]}", R"({"a":"x"})", true},
      {"{a|windash|contains|all: [' -x', ' -y']}", R"({"a":"c /x -y"})", true},
      {"{a: 1, b: 2}", R"({"a":1})", false},
      {"[{a: 1}, {b: 2}]", R"({"b":2})", true},
      {"[{a: 1, c: 3}, {b: 2}]", R"({"a":1})", false},
  });
}

TEST_CASE("keywords") {
  check({
      {"['evil']", R"({"a":{"b":["some EVIL text"]}})", true},
      {"['evil']", R"({"evil":"good"})", false},
      {"[12, 'x']", R"({"a":{"b":[3123]}})", true},
      {"['tru']", R"({"a":true})", true},
      {"['null']", R"({"a":null})", false},
      {"['e*l']", R"({"a":"--eVil--"})", true},
      {"{'|all': [a, b]}", R"({"x":"a","y":"b"})", true},
      {"{'|all': [a, b]}", R"({"x":"a"})", false},
      {"{'|re': '^ev'}", R"({"a":["evil"]})", true},
      {"{'|cased': Evil}", R"({"a":"evil"})", false},
      {"evil", R"({"a":"evil"})", true},
  });
}

TEST_CASE("keywords that a record spells in other ways") {
  Runner runner(rule_of("['strange/key']"));
  for (const std::string spelled :
       {R"(strange\/key)", R"(\u0073trange/ke\u0059)", "\u017Ftrange/\u212Aey",
        R"(\u017ftrange\/\u212Aey)", R"(STRANGE/KEY\u00e9)"}) {
    for (const std::string around : {"", "\u00e9", R"(\n)", R"(\\)", R"(\")", R"(\ud83d\ude00)"}) {
      for (std::size_t before = 0; before < 10; ++before) {
        const std::string json =
            R"({"a":")" + std::string(before, '-') + around + spelled + around + "\"}";
        INFO(json);
        CHECK(runner.fired(json).size() == 1);
        CHECK(runner.fired(R"({"b\u0041":")" + spelled.substr(1) + "\"}").empty());
      }
    }
  }
  CHECK(runner.fired(R"({"a":"strange\\/key"})").empty());
  CHECK(runner.fired(R"({"a":"strange\\u002fkey"})").empty());
  CHECK(runner.fired(R"({"strange\/key":1})").empty());
}

TEST_CASE("conditions") {
  const auto fires = [](const std::string& condition, const char* event) {
    return Runner(
               "title: T\nlogsource: {product: aws}\ndetection:\n    sel_a: {a: 1}\n    sel_b: {b: "
               "1}\n"
               "    _sel: {c: 1}\n    condition: " +
               condition + "\n")
        .fires(event);
  };
  constexpr const char* kA = R"({"a":1})";
  constexpr const char* kAB = R"({"a":1,"b":1})";
  constexpr const char* kC = R"({"c":1})";
  CHECK(fires("1 of sel*", kA));
  CHECK(fires("any of sel*", kA));
  CHECK_FALSE(fires("all of sel*", kA));
  CHECK(fires("all of sel*", kAB));
  CHECK(fires("all of them", kAB));
  CHECK_FALSE(fires("1 of them", kC));
  CHECK(fires("1 of _*", kC));
  CHECK(fires("_sel", kC));
  CHECK(fires("not sel_a and not sel_b", kC));
  CHECK(fires("sel_b or sel_a and not _sel", kA));
  CHECK_FALSE(fires("(sel_b or sel_a) and _sel", kA));
  CHECK(fires("[sel_b, sel_a]", kA));
  CHECK(fires("not 1 of sel_*", kC));
}

TEST_CASE("a rule that the first fields exclude is not opened") {
  const Program program = compile(rule_of("{eventName: A, x: strange, y: 1}") + "---\n" +
                                  rule_of("{x: strange}", "selection", "Other"));
  const Gates gates = program.gates_of(program.all_rules());
  event::EventReader reader(program.fields());
  Matching matching(program);
  event::Event event;
  const auto opened = [&](const reference::Padded& json) {
    REQUIRE(reader.read(json.view(), event));
    return matching.open(event, gates) ? matching.opened().size() : 0;
  };
  CHECK(opened(reference::Padded(R"({"eventName":"A","x":"usual","y":1})")) == 0);
  CHECK(opened(reference::Padded(R"({"eventName":"A","y":1})")) == 0);
  CHECK(opened(reference::Padded(R"({"eventName":"A","x":"strange","y":1})")) == 2);
  CHECK(matching.reading() == Reading::fields);
  // What cannot be known yet excludes nothing.
  CHECK(opened(reference::Padded(R"({"eventName":"A","x":"strange","y":2})")) == 2);
}

TEST_CASE("lists are read in place of placeholders") {
  sigma::Lists lists;
  lists.set("names", {"alice", "b*"});
  lists.set("nets", {"10.0.0.0/8", "192.168.0.0/16"});
  lists.set("none", {});
  const auto fires = [&](const char* selection, const char* event) {
    return Runner(rule_of(selection), lists).fires(event);
  };
  CHECK(fires("{a|expand: '%names%'}", R"({"a":"Alice"})"));
  CHECK(fires("{a|expand: '%names%'}", R"({"a":"bob"})"));
  CHECK_FALSE(fires("{a|expand: '%names%'}", R"({"a":"carol"})"));
  CHECK(fires("{a|expand: 'x-%names%-y'}", R"({"a":"x-alice-y"})"));
  CHECK(fires("{a|expand|contains: '%names%'}", R"({"a":"xalicex"})"));
  CHECK(fires("{a|cidr|expand: '%nets%'}", R"({"a":"192.168.1.1"})"));
  CHECK_FALSE(fires("{a|expand: '%none%'}", R"({"a":""})"));
  CHECK(fires("{a|expand|neq: '%none%'}", R"({"a":"x"})"));
  CHECK(fires("{a|expand: '\\%names\\%'}", R"({"a":"%names%"})"));
  CHECK(fires("{a|re|expand: '^%names%$'}", R"({"a":"alice"})"));
}

}  // namespace
}  // namespace tocsin::program
