#include "tutti/detail/call_graph.hpp"

#include "tutti/check.hpp"
#include "tutti/error.hpp"

#include <algorithm>
#include <atomic>
#include <unordered_map>
#include <utility>

namespace tutti::detail {
namespace {

/// What a builder says of an input. The builder's literal is moved out.
CallGraph::Input taken(CallInput& input) {
  if (input.literal) return {{}, 0, std::move(input.literal)};
  Handle* handle = input.future.handle;
  if (handle != nullptr) handle->references.fetch_add(1, std::memory_order_relaxed);
  return {HandlePtr(handle), input.future.index, {}, input.count};
}

}  // namespace

// ---- graphs

std::uint64_t new_graph_id() {
  static std::atomic<std::uint64_t> last{0};
  return ++last;
}

std::uint64_t CallGraph::add_record(const FunctionOps& function, const TaskOptions* options,
                                    std::span<const std::byte> payload) {
  payloads_.raw(payload.data(), payload.size());
  std::uint64_t position = 0;
  if (options != nullptr) {
    position = options_.size();
    options_.push_back(*options);
  }
  records_.push_back({&function, payloads_.size(), inputs_.size(), position});
  return records_.size() - 1;
}

std::uint64_t CallGraph::add(const FunctionOps& function, const TaskOptions* options,
                             std::span<const std::byte> payload, std::span<const Input> inputs) {
  inputs_.insert(inputs_.end(), inputs.begin(), inputs.end());
  return add_record(function, options, payload);
}

std::uint64_t CallGraph::add(const FunctionOps& function, const TaskOptions* options,
                             CallBuilder& builder) {
  for (CallInput& input : builder.inputs) inputs_.push_back(taken(input));
  return add_record(function, options, builder.payload.bytes());
}

CallGraph::Call CallGraph::operator[](std::uint64_t number) const {
  const Record& record = records_[number];
  const std::uint64_t payload = number == 0 ? 0 : records_[number - 1].payload_end;
  const std::uint64_t inputs = number == 0 ? 0 : records_[number - 1].inputs_end;
  return {*record.function, options_[record.options],
          payloads_.bytes().subspan(payload, record.payload_end - payload),
          std::span(inputs_).subspan(inputs, record.inputs_end - inputs)};
}

std::vector<std::uint32_t> CallGraph::count_uses(std::span<const std::uint64_t> outputs) const {
  std::vector<std::uint32_t> uses(records_.size(), 0);
  for (const std::uint64_t output : outputs) ++uses[output];
  for (std::uint64_t number = size(); number-- > 0;) {
    if (uses[number] == 0) continue;
    for (const Input& input : (*this)[number].inputs) {
      if (input.is_call()) ++uses[input.index];
    }
  }
  return uses;
}

std::vector<std::uint64_t> call_numbers(std::span<const CallGraph::Input> outputs) {
  std::vector<std::uint64_t> numbers;
  for (const CallGraph::Input& output : outputs) {
    if (output.is_call()) numbers.push_back(output.index);
  }
  return numbers;
}

std::vector<CallGraph::Input> submit_outputs(const CallGraph& graph,
                                             std::span<const CallGraph::Input> outputs) {
  std::vector<HandlePtr> handles =
      Core::current("compute()").submit_graph(graph, call_numbers(outputs));
  std::vector<CallGraph::Input> futures;
  futures.reserve(outputs.size());
  std::size_t next = 0;
  for (const CallGraph::Input& output : outputs) {
    if (output.is_call()) {
      futures.push_back({std::move(handles[next++]), 0, {}});
    } else {
      futures.push_back(output);
    }
  }
  return futures;
}

// ---- delayed calls

void retain_delayed(DelayedCall* call) noexcept {
  call->references.fetch_add(1, std::memory_order_relaxed);
}

void release_delayed(DelayedCall* call) noexcept {
  // A chain may be longer than the stack is deep: what a freed call held goes to a list.
  DelayedCall* unneeded = nullptr;
  const auto drop = [&unneeded](DelayedCall* each) {
    if (each->references.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
    each->next_unneeded = unneeded;
    unneeded = each;
  };
  drop(call);
  while (unneeded != nullptr) {
    DelayedCall* each = std::exchange(unneeded, unneeded->next_unneeded);
    for (DelayedPtr& held : each->calls) drop(held.release());
    delete each;
  }
}

DelayedPtr make_delayed(const FunctionOps& function, const TaskOptions* options,
                        CallBuilder& builder) {
  DelayedPtr call(new DelayedCall);
  call->function = &function;
  if (options != nullptr) call->options = std::make_unique<const TaskOptions>(*options);
  call->payload = Bytes::copy_of(builder.payload.bytes());
  call->inputs.reserve(builder.inputs.size());
  for (CallInput& input : builder.inputs) call->inputs.push_back(taken(input));
  call->calls.assign(std::make_move_iterator(builder.calls.begin()),
                     std::make_move_iterator(builder.calls.end()));
  builder.clear();
  return call;
}

DelayedPtr make_delayed(const HandlePtr& future, std::uint64_t index) {
  DelayedPtr call(new DelayedCall);
  call->inputs.push_back({future, index, {}});
  return call;
}

namespace {

/// Puts calls into a graph, each once, after those whose results it takes.
class Collector {
 public:
  explicit Collector(CallGraph& graph) : graph_(graph) {}

  /// The call as an input or output in the graph.
  CallGraph::Input add(const DelayedCall& output) {
    if (is_known(output)) return input_of(output);
    visits_.push_back({&output, 0});
    while (!visits_.empty()) {
      Visit& visit = visits_.back();
      const DelayedCall& call = *visit.call;
      while (visit.next < call.calls.size() && is_known(*call.calls[visit.next])) ++visit.next;
      if (visit.next < call.calls.size()) {
        visits_.push_back({call.calls[visit.next].get(), 0});  // `visit` is not valid any more
        continue;
      }
      append(call);
      visits_.pop_back();
    }
    return input_of(output);
  }

 private:
  /// A call of which some inputs were looked at already.
  struct Visit {
    const DelayedCall* call;
    std::size_t next;
  };

  bool is_known(const DelayedCall& call) const {
    return call.function == nullptr || numbers_.contains(&call);
  }
  CallGraph::Input input_of(const DelayedCall& call) const {
    if (call.function == nullptr) return call.inputs.front();
    return {{}, numbers_.at(&call), {}};
  }
  void append(const DelayedCall& call) {
    inputs_.clear();
    for (const CallGraph::Input& input : call.inputs)
      inputs_.push_back(input.is_call() ? input_of(*call.calls[input.index]) : input);
    const std::uint64_t number =
        graph_.add(*call.function, call.options.get(), call.payload.span(), inputs_);
    numbers_.emplace(&call, number);
  }

  CallGraph& graph_;
  /// By address, for looking up only.
  std::unordered_map<const DelayedCall*, std::uint64_t> numbers_;
  std::vector<Visit> visits_;
  std::vector<CallGraph::Input> inputs_;
};

}  // namespace

DelayedGraph graph_of(std::span<const DelayedPtr> outputs) {
  DelayedGraph result;
  Collector collector(result.graph);
  for (const DelayedPtr& output : outputs) {
    if (!output) {
      throw Error(ErrorCode::bad_argument,
                  "an empty Delayed was to be computed; use one that a delayed call gave");
    }
    result.outputs.push_back(collector.add(*output));
  }
  return result;
}

}  // namespace tutti::detail
