#include "tutti/detail/fold.hpp"

#include "tutti/error.hpp"

#include <algorithm>
#include <utility>

namespace tutti::detail {
namespace {

using Inputs = std::vector<CallGraph::Input>;

/// The inputs of a leaf: `count` elements from `begin` on.
void add_elements(const FoldCall& call, std::uint64_t begin, std::uint64_t count, Inputs& inputs) {
  if (call.map) {
    inputs.push_back({call.map, begin, {}, count});
    return;
  }
  const auto first = call.futures.begin() + static_cast<std::ptrdiff_t>(begin);
  inputs.insert(inputs.end(), first, first + static_cast<std::ptrdiff_t>(count));
}

}  // namespace

HandlePtr submit_fold(const FoldCall& call) {
  const std::uint64_t count = call.map ? call.map.group().total : call.futures.size();
  const std::uint64_t width = call.options.split_every;
  if (width < 2) {
    throw Error(ErrorCode::bad_argument, "split_every is " + std::to_string(width) +
                                             "; a call combines at least 2 partial results");
  }
  if (count == 0 && !call.initial) {
    throw Error(ErrorCode::bad_argument,
                "there is nothing to combine: fold and map_reduce of no elements need an initial "
                "value, client.fold(op, futures, initial)");
  }
  CallGraph graph;
  Inputs inputs;
  const auto add = [&] {
    const std::uint64_t number = graph.add(*call.combine, nullptr, call.payload, inputs);
    inputs.clear();
    return number;
  };
  const std::uint64_t size = chunk_size_of(call.options, count, width);
  std::vector<std::uint64_t> level;
  for (std::uint64_t begin = 0; begin < count; begin += size) {
    add_elements(call, begin, std::min(size, count - begin), inputs);
    level.push_back(add());
  }
  while (level.size() > 1) {
    std::vector<std::uint64_t> next;
    for (std::uint64_t begin = 0; begin < level.size(); begin += width) {
      const std::uint64_t end = std::min<std::uint64_t>(begin + width, level.size());
      for (std::uint64_t each = begin; each < end; ++each) inputs.push_back({{}, level[each], {}});
      // The last one may be alone.
      if (inputs.size() == 1) {
        next.push_back(std::exchange(inputs, {}).front().index);
      } else {
        next.push_back(add());
      }
    }
    level = std::move(next);
  }
  if (call.initial) {
    inputs.push_back({{}, 0, call.initial});
    if (!level.empty()) inputs.push_back({{}, level[0], {}});
    level = {add()};
  }
  return Core::current("fold()").submit_graph(graph, level).front();
}

}  // namespace tutti::detail
