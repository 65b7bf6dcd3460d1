#include "farm/command_list.hpp"

#include "farm/replacement.hpp"
#include "tutti/error.hpp"

#include <doctest/doctest.h>

#include <map>

using tutti::Error;
using tutti::farm::command_words;
using tutti::farm::commands_in;
using tutti::farm::commands_of;
using tutti::farm::has_lists;
using tutti::farm::lines_in;
using tutti::farm::Replacement;

namespace {

using Texts = std::vector<std::string>;

std::string no_file(const std::string& path) { throw Error(tutti::ErrorCode::io, path); }

Texts commands(const Texts& words) { return commands_of(command_words(words, no_file)); }

std::string replaced(const std::string& text, const std::string& value) {
  return Replacement(text, 1).command({value}, 7);
}

}  // namespace

TEST_CASE("commands are lines without empty ones and comments") {
  CHECK(commands_in("a b\n\n# c\n  # d\ne # f\r\n \t\ng") == Texts{"a b", "e # f", "g"});
  CHECK(commands_in("").empty());
  CHECK(lines_in("a\n\n#b\n") == Texts{"a", "", "#b"});
}

TEST_CASE("places stand for a value and its parts") {
  const std::string value = "data/run.1/file.tar.gz";
  CHECK(replaced("echo {}", value) == "echo data/run.1/file.tar.gz");
  CHECK(replaced("echo {.}", value) == "echo data/run.1/file.tar");
  CHECK(replaced("echo {/}", value) == "echo file.tar.gz");
  CHECK(replaced("echo {//}", value) == "echo data/run.1");
  CHECK(replaced("echo {/.}", value) == "echo file.tar");
  CHECK(replaced("echo {} {#}", value) == "echo data/run.1/file.tar.gz 7");
  CHECK(replaced("echo {1/.}", value) == "echo file.tar");
}

TEST_CASE("parts of values without folder or suffix") {
  CHECK(replaced("{.} {/} {//} {/.}", "file") == "file file . file");
  CHECK(replaced("{.} {/.}", "a.b/.profile") == "a.b/.profile .profile");
  CHECK(replaced("{//} {/}", "/file") == "/ file");
}

TEST_CASE("values stay one word of the shell, whatever they hold") {
  CHECK(replaced("echo {}", "a b;rm -rf $HOME") == "echo 'a b;rm -rf $HOME'");
  CHECK(replaced("echo {}", "") == "echo ''");
  CHECK(replaced("echo {}", "it's") == "echo 'it'\\''s'");
}

TEST_CASE("a command without a place gets the value at its end, and braces of the shell stay") {
  CHECK(replaced("gzip -9", "a") == "gzip -9 a");
  CHECK(replaced("echo {#}", "a") == "echo 7 a");
  CHECK(replaced("cp f.{c,h} ${HOME}/{}", "a") == "cp f.{c,h} ${HOME}/a");
  CHECK(replaced("echo {", "a") == "echo { a");
}

TEST_CASE("places that cannot be filled are refused") {
  CHECK_THROWS_WITH_AS(Replacement("echo {2}", 1),
                       doctest::Contains("place {2}, but the lists are 1"), Error);
  CHECK_THROWS_AS(Replacement("echo {0}", 1), Error);
  CHECK_THROWS_WITH_AS(Replacement("echo {%}", 1), doctest::Contains("TUTTI_TASK_SLOT"), Error);
}

TEST_CASE("lists go through all combinations, the last one fastest") {
  CHECK(commands({"echo", "{1}", "{2}", ":::", "a", "b", ":::", "1", "2"}) ==
        Texts{"echo a 1", "echo a 2", "echo b 1", "echo b 2"});
  CHECK(commands({"echo", ":::", "a", "b", ":::", "1"}) == Texts{"echo a 1", "echo b 1"});
  CHECK(commands({"echo", ":::", "a", ":::"}).empty());
}

TEST_CASE("linked lists go side by side, the shorter one again and again") {
  CHECK(commands({"echo", "{2}-{1}", ":::", "a", "b", "c", ":::+", "1", "2"}) ==
        Texts{"echo 1-a", "echo 2-b", "echo 1-c"});
  CHECK(commands({"echo", ":::", "x", "y", ":::", "a", "b", ":::+", "1", "2"}) ==
        Texts{"echo x a 1", "echo x b 2", "echo y a 1", "echo y b 2"});
}

TEST_CASE("lists come from files, one each") {
  const std::map<std::string, std::string> files{{"f", "a b\nc\n"}, {"g", "1\n2\n"}};
  const auto read = [&files](const std::string& path) { return files.at(path); };
  CHECK(commands_of(command_words({"echo", "::::", "f", "g"}, read)) ==
        Texts{"echo 'a b' 1", "echo 'a b' 2", "echo c 1", "echo c 2"});
  CHECK(commands_of(command_words({"echo", "{1}{2}", ":::", "x", "y", "::::+", "g"}, read)) ==
        Texts{"echo x1", "echo y2"});
}

TEST_CASE("without a command the values are commands") {
  CHECK(commands({":::", "echo a", "echo b"}) == Texts{"echo a", "echo b"});
}

TEST_CASE("a value with a line end is refused") {
  CHECK_THROWS_WITH_AS(commands({"echo", ":::", "a\nb"}), doctest::Contains("'a...'"), Error);
}

TEST_CASE("only the words of lists make lists") {
  CHECK(has_lists({"echo", ":::", "a"}));
  CHECK(has_lists({"echo", "::::+", "a"}));
  CHECK_FALSE(has_lists({"commands.txt"}));
  CHECK_FALSE(has_lists({"echo", "::", ":::::"}));
}
