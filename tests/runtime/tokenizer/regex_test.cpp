#include "tokenizer/regex.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

using Catch::Matchers::ContainsSubstring;
using namespace tessera;

namespace {

using Texts = std::vector<std::string>;

Texts matches(std::string_view pattern, std::string_view text) {
  const auto regex = Regex::compile(pattern);
  INFO(pattern);
  if (!regex) FAIL(regex.error().message);
  RegexMatches found(*regex, text);
  RegexMatches::Match match;
  Texts texts;
  while (found.next(match)) texts.emplace_back(text.substr(match.begin, match.end - match.begin));
  REQUIRE(found.status());
  return texts;
}

Error compile_error(std::string_view pattern) {
  const auto regex = Regex::compile(pattern);
  INFO(pattern);
  REQUIRE_FALSE(regex);
  return regex.error();
}

}  // namespace

TEST_CASE("literals, classes and quantifiers match as in Oniguruma") {
  CHECK(matches("b+", "abbcb") == Texts{"bb", "b"});
  CHECK(matches("[^a-c]{2,3}", "abxyzwc") == Texts{"xyz"});
  CHECK(matches("x{2}", "xxxxx") == Texts{"xx", "xx"});
  CHECK(matches("x{,2}y", "xxxy") == Texts{"xxy"});
  CHECK(matches("a{,}", "a{,}") == Texts{"a{,}"});
  CHECK(matches("[-\\]a]+", "]-b-a") == Texts{"]-", "-a"});
  CHECK(matches("[\\s-]+", " -x") == Texts{" -"});
  CHECK(matches(".+", "ab\ncd") == Texts{"ab", "cd"});
  CHECK(matches("\\x41\\x{1F642}\\u00e9", "A\U0001f642\u00e9") == Texts{"A\U0001f642\u00e9"});
}

TEST_CASE("Unicode properties follow the general category") {
  CHECK(matches("\\p{L}+", "h\u00e9\u6f22 1 \u0416\u02b0") ==
        Texts{"h\u00e9\u6f22", "\u0416\u02b0"});
  CHECK(matches("\\p{N}", "1\u00bd\u2167\u0663a") == Texts{"1", "\u00bd", "\u2167", "\u0663"});
  CHECK(matches("\\p{Lu}\\p{Ll}*", "AbcD\u01c5") == Texts{"Abc", "D"});
  CHECK(matches("\\P{L}+", "a1 b") == Texts{"1 "});
  CHECK(matches("\\p{^L}+", "a1 b") == Texts{"1 "});
  CHECK(matches("[^\\s\\p{L}]+", "a\u00a0!\u3000?") == Texts{"!", "?"});
  CHECK(matches("\\s+", "\u00a0\u2028\u200b\u3000\x85") == Texts{"\u00a0\u2028", "\u3000"});
  CHECK(matches("\\d+\\D\\w\\W", "\u0663x_-") == Texts{"\u0663x_-"});
}

TEST_CASE("alternatives are tried in order") {
  CHECK(matches("a|ab", "ab") == Texts{"a"});
  CHECK(matches("(?:a|ab)c", "abc") == Texts{"abc"});
  CHECK(matches("(ab|a)(b?)bc|", "abbc") == Texts{"abbc"});
  CHECK(matches("(ab|a)(b?)bc", "abc") == Texts{"abc"});
}

TEST_CASE("lookahead does not consume") {
  CHECK(matches("\\s+(?!\\S)|\\s+", "a   b ") == Texts{"  ", " ", " "});
  CHECK(matches("a(?=b)", "abaa") == Texts{"a"});
}

TEST_CASE("ignoring case reaches letters that only share their upper case") {
  CHECK(matches("(?i:'s|'ll)", "'S'\u017f'Ll's'x") == Texts{"'S", "'\u017f", "'Ll", "'s"});
  CHECK(matches("(?i:k)k", "Kk\u212akKK") == Texts{"Kk", "\u212ak"});
  CHECK(matches("a(?i)b|c", "aB C aC") == Texts{"aB", "aC"});
  CHECK(matches("(?i:[a-c]+)d", "ABcdD") == Texts{"ABcd"});
  CHECK(matches("(?i:a(?-i:b))", "Ab AB") == Texts{"Ab"});
}

TEST_CASE("possessive quantifiers and atomic groups give nothing back") {
  CHECK(matches("a++a", "aaa").empty());
  CHECK(matches("(?>a+)b", "aab") == Texts{"aab"});
  CHECK(matches("(?>a|ab)c", "abc").empty());
  CHECK(matches("(?:ab)?+ab", "ab").empty());
  CHECK(matches("a{1,2}+b", "aaaab") == Texts{"aaaab"});  // a plus over the interval
}

TEST_CASE("lazy quantifiers take as little as they can") {
  CHECK(matches("<.+?>", "<a><b>") == Texts{"<a>", "<b>"});
  CHECK(matches("a{1,3}?", "aaa") == Texts{"a", "a", "a"});
}

TEST_CASE("anchors are those of lines and of the text") {
  CHECK(matches("^a", "a\na") == Texts{"a", "a"});
  CHECK(matches("a$", "a\na") == Texts{"a", "a"});
  CHECK(matches("\\Aa|a\\z", "a\na\na") == Texts{"a", "a"});
}

TEST_CASE("empty matches are found between characters, but not right behind a match") {
  CHECK(matches("x*", "axb") == Texts{"", "x", ""});
  CHECK(matches("x*", "\u6f22") == Texts{"", ""});
}

TEST_CASE("constructs that are not understood are errors that name pattern and place") {
  for (const std::string pattern :
       {"(?<=a)b", "(?<!a)b", "\\p{Han}+", "\\bword", "(a)\\1", "[a&&b]", "[[:alpha:]]", "(?m:a)",
        "(?<name>a)", "a{1,100000}", "(a*)*", "(?:(?:(?:a{1000}){1000}){1000})"}) {
    const Error error = compile_error(pattern);
    INFO(error.message);
    CHECK(error.code == ErrorCode::kUnsupported);
    CHECK_THAT(error.message, ContainsSubstring("\"" + pattern + "\""));
  }
}

TEST_CASE("malformed patterns are errors") {
  for (const std::string pattern : {"(a", "a)", "[a", "[]", "[b-a]", "\\", "*a", "a{3,2}", "\\p{L",
                                    "\\pL", "\\x{110000}", "\\x", "[a-", "(?i", "\xff"}) {
    const Error error = compile_error(pattern);
    INFO(error.message);
    CHECK((error.code == ErrorCode::kInvalidFile || error.code == ErrorCode::kUnsupported));
  }
  CHECK_FALSE(Regex::compile(std::string(1000, '(')));
  CHECK_FALSE(Regex::compile(std::string(100'000, 'a')));
}

TEST_CASE("a pattern that takes exponential time is given up with an error") {
  const Regex regex = Regex::compile("(?:a|a|a?b)+c").value();
  const std::string text(200, 'a');
  RegexMatches found(regex, text);
  RegexMatches::Match match;
  CHECK_FALSE(found.next(match));
  REQUIRE_FALSE(found.status());
  CHECK_THAT(found.status().error().message, ContainsSubstring("(?:a|a|a?b)+c"));
}

TEST_CASE("long runs are matched in linear time and without recursion") {
  const std::string text(1'000'000, ' ');
  CHECK(matches("\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+", text) == Texts{text});
  const std::string letters(1'000'000, 'A');
  CHECK(matches("\\p{Lu}*\\p{Ll}+|\\p{L}+", letters) == Texts{letters});
}

TEST_CASE("a literal matches itself, whatever characters it has") {
  const Regex regex = Regex::literal("a.*(\u00e9");
  RegexMatches found(regex, "xa.*(\u00e9a.*(e");
  RegexMatches::Match match;
  REQUIRE(found.next(match));
  CHECK(match.begin == 1);
  CHECK(match.end == 7);
  CHECK_FALSE(found.next(match));
}
