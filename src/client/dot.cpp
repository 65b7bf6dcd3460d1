#include "tutti/detail/call_graph.hpp"
#include "tutti/error.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <tuple>

namespace tutti::detail {
namespace {

/// Text between the quotes of a label.
std::string escaped(const std::string& text) {
  std::string result;
  for (const char each : text) {
    if (each == '\n') {
      result += "\\n";
      continue;
    }
    if (each == '"' || each == '\\') result += '\\';
    result += each;
  }
  return result;
}

class Drawing {
 public:
  void add_call(std::uint64_t number, const CallGraph::Call& call) {
    const std::string& name = call.options.name;
    fmt::format_to(std::back_inserter(text_), "  call{} [label=\"{}\"];\n", number,
                   escaped(name.empty() ? call.function.name(call.payload) : name));
    for (const CallGraph::Input& input : call.inputs) {
      if (input.literal) continue;
      const std::string from =
          input.future ? add_future(input) : "call" + std::to_string(input.index);
      fmt::format_to(std::back_inserter(text_), "  {} -> call{};\n", from, number);
    }
  }
  std::string add_future(const CallGraph::Input& input) {
    const std::uint64_t id = input.future->id.bits();
    const auto [known, is_new] = futures_.try_emplace({id, input.index, input.count},
                                                      "future" + std::to_string(futures_.size()));
    if (is_new) {
      std::string element;
      if (input.future->is_group) element = fmt::format("[{}]", input.index);
      if (input.count != 1)
        element = fmt::format("[{} to {}]", input.index, input.index + input.count - 1);
      fmt::format_to(std::back_inserter(text_), "  {} [label=\"Future {}{}\", shape=box];\n",
                     known->second, id, element);
    }
    return known->second;
  }
  std::string text() const { return "digraph tutti {\n  rankdir=BT;\n" + text_ + "}\n"; }

 private:
  std::string text_;
  /// Names by id, element and count.
  std::map<std::tuple<std::uint64_t, std::uint64_t, std::uint64_t>, std::string> futures_;
};

}  // namespace

std::string dot_of(const CallGraph& graph, std::span<const CallGraph::Input> outputs) {
  const std::vector<std::uint32_t> uses = graph.count_uses(call_numbers(outputs));
  Drawing drawing;
  for (std::uint64_t number = 0; number < graph.size(); ++number) {
    if (uses[number] != 0) drawing.add_call(number, graph[number]);
  }
  for (const CallGraph::Input& output : outputs) {
    if (output.future) drawing.add_future(output);
  }
  return drawing.text();
}

std::string dot_of(const CallGraph& graph) {
  Drawing drawing;
  for (std::uint64_t number = 0; number < graph.size(); ++number)
    drawing.add_call(number, graph[number]);
  return drawing.text();
}

void write_text_file(const std::string& path, const std::string& text) {
  errno = 0;
  std::ofstream file(path);
  file << text;
  file.close();
  if (!file) {
    const std::string reason = errno != 0 ? std::strerror(errno) : "the system gave no reason";
    throw Error(ErrorCode::io, "the file " + path + " could not be written: " + reason);
  }
}

}  // namespace tutti::detail
