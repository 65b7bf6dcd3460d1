#pragma once

/// CallGraph: calls that are submitted together. What Graph fills, and what delayed calls become
/// when they are computed.

#include "tutti/detail/core.hpp"
#include "tutti/detail/delayed_ptr.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace tutti::detail {

/// The calls lie in an order in which each comes after those whose results it takes: the order in
/// which they were added. A few words for each, without an allocation.
class CallGraph {
 public:
  /// An input, or an output: a future, a literal, or else the result of the call number `index`.
  struct Input {
    HandlePtr future;
    std::uint64_t index = 0;
    ValuePtr literal;
    std::uint64_t count = 1;  ///< of a future: as that of CallInput
    bool is_call() const { return !future && !literal; }
  };
  struct Call {
    const FunctionOps& function;
    const TaskOptions& options;
    std::span<const std::byte> payload;
    std::span<const Input> inputs;
  };

  /// Appends a call and gives its number. Inputs that are calls name earlier ones. `options` may be
  /// null.
  std::uint64_t add(const FunctionOps& function, const TaskOptions* options,
                    std::span<const std::byte> payload, std::span<const Input> inputs);
  /// The same with what a builder holds.
  std::uint64_t add(const FunctionOps& function, const TaskOptions* options, CallBuilder& builder);
  std::uint64_t size() const { return records_.size(); }
  Call operator[](std::uint64_t number) const;
  /// How often each result is wanted, as an input of calls that are needed or as an output. Zero
  /// for calls that the outputs do not need.
  std::vector<std::uint32_t> count_uses(std::span<const std::uint64_t> outputs) const;

 private:
  struct Record {
    const FunctionOps* function;
    std::uint64_t payload_end;
    std::uint64_t inputs_end;
    std::uint64_t options;  ///< a position in options_
  };
  std::uint64_t add_record(const FunctionOps& function, const TaskOptions* options,
                           std::span<const std::byte> payload);

  std::vector<Record> records_;
  Writer payloads_;
  std::vector<Input> inputs_;
  std::vector<TaskOptions> options_{TaskOptions()};
};

/// Numbers that tell graphs apart; never 0.
std::uint64_t new_graph_id();

/// A call that is not submitted yet. It does not change once it is made, and is shared by all that
/// take its result.
struct DelayedCall {
  std::atomic<std::uint32_t> references{1};
  /// Null for the result of a future, the only input.
  const FunctionOps* function = nullptr;
  std::unique_ptr<const TaskOptions> options;  ///< null: none were given
  Bytes payload;
  /// The `index` of inputs that are calls is a position in `calls`.
  std::vector<CallGraph::Input> inputs;
  std::vector<DelayedPtr> calls;
  /// Links calls that are about to be freed.
  DelayedCall* next_unneeded = nullptr;
};

/// Empties the builder.
DelayedPtr make_delayed(const FunctionOps& function, const TaskOptions* options,
                        CallBuilder& builder);
DelayedPtr make_delayed(const HandlePtr& future, std::uint64_t index);

/// Delayed calls, and all that they need, as a graph.
struct DelayedGraph {
  CallGraph graph;
  std::vector<CallGraph::Input> outputs;
};
/// Each call once, depth first. Throws Error (bad_argument) when an output is empty.
DelayedGraph graph_of(std::span<const DelayedPtr> outputs);

/// The numbers of those outputs that are calls.
std::vector<std::uint64_t> call_numbers(std::span<const CallGraph::Input> outputs);

/// Submits what the outputs need, in one go, and gives a future for each of them.
std::vector<CallGraph::Input> submit_outputs(const CallGraph& graph,
                                             std::span<const CallGraph::Input> outputs);

/// The calls that the outputs need, and the futures that these take, in the language of Graphviz.
std::string dot_of(const CallGraph& graph, std::span<const CallGraph::Input> outputs);
/// All calls of the graph.
std::string dot_of(const CallGraph& graph);
/// Throws Error (io) when the file cannot be written.
void write_text_file(const std::string& path, const std::string& text);

}  // namespace tutti::detail
