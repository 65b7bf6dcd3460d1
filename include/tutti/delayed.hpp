#pragma once

/// delayed: calls that are put together first and computed later, in one pass.

#include "tutti/detail/call_graph.hpp"
#include "tutti/detail/lazy.hpp"
#include "tutti/detail/single_call.hpp"
#include "tutti/future.hpp"
#include "tutti/task_options.hpp"

#include <concepts>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

namespace tutti {

/// The result of a call that was not made yet. Copies share the call, which never changes. Nothing
/// runs until compute(), persist() or client.compute(); each of them runs everything that is needed
/// anew, but for what is bound to futures. Any thread of rank 0 may use it, also before the run.
template <class T>
class Delayed {
 public:
  using value_type = T;

  /// Of nothing; assign a real one before use.
  Delayed() = default;
  /// Bound to a future: computing it, or what takes it, uses that result.
  explicit Delayed(const Future<T>& future) {
    const detail::Target target = detail::target_of(future);
    call_ = detail::make_delayed(future.handle(), target.index);
  }

  /// Runs what is needed, each call once, waits, and gives the result. Throws like
  /// Future::result().
  T compute() const {
    auto futures = detail::submit_delayed<detail::ToSent>(*this);
    return std::get<0>(std::move(futures)).result();
  }
  /// Submits what is needed and returns at once what is bound to the future.
  [[nodiscard]] Delayed persist() const {
    return std::get<0>(detail::submit_delayed<detail::Same>(*this));
  }

  /// The calls that are needed, in the language of Graphviz: `dot -Tsvg g.dot`.
  std::string to_dot() const {
    const detail::DelayedGraph calls = detail::graph_of_all(*this);
    return detail::dot_of(calls.graph, calls.outputs);
  }
  /// Writes to_dot() to a file.
  void visualize(const std::string& path) const { detail::write_text_file(path, to_dot()); }

  bool valid() const { return static_cast<bool>(call_); }

  template <class Value = T>
  explicit operator bool() const {
    static_assert(!std::is_same_v<Value, T>,
                  "a Delayed has no truth value, as it is not computed yet; ask its compute()");
    return false;
  }
  void begin() const = delete;  // a Delayed cannot be iterated before it is computed
  void end() const = delete;

  // For tutti itself.
  explicit Delayed(detail::DelayedPtr call) : call_(std::move(call)) {}
  const detail::DelayedPtr& call() const { return call_; }

 private:
  detail::DelayedPtr call_;
};

namespace detail {

template <class T>
struct Placeholder<Delayed<T>> {
  static constexpr Stands kind = Stands::as_delayed;
  using Result = T;
  using Sent = Future<T>;
  static void write(CallBuilder& builder, const Delayed<T>& delayed) {
    if (!delayed.valid()) {
      throw Error(ErrorCode::bad_argument,
                  "an empty Delayed was passed as an argument; pass one that a delayed call gave");
    }
    builder.inputs.push_back({{nullptr, builder.calls.size()}, {}});
    builder.calls.push_back(delayed.call());
  }
};

}  // namespace detail

/// What delayed() gives: a function whose calls are not made yet.
template <class F>
class DelayedFunction {
 public:
  DelayedFunction(const TaskOptions* options, F function) : function_(std::move(function)) {
    if (options != nullptr) options_ = *options;
  }
  /// Arguments as those of submit(); a Delayed, wherever it stands among them or in them, stands
  /// for its result. Values are copied now.
  template <class... Args>
  [[nodiscard]] auto operator()(Args&&... arguments) const {
    using Call = detail::SingleCall<detail::Stands::as_delayed, F, detail::Stored<Args>...>;
    Call::explain();
    using Result = Delayed<typename Call::Result>;
    if constexpr (Call::is_good) {
      detail::CallBuilder& builder = detail::call_builder();
      Call::write(builder, function_, std::forward<Args>(arguments)...);
      return Result(detail::make_delayed(Call::ops(), options_ ? &*options_ : nullptr, builder));
    } else {
      return Result();
    }
  }

 private:
  std::optional<TaskOptions> options_;
  F function_;
};

/// `auto a = delayed(inc)(1); auto b = delayed(add)(a, 10); int sum = b.compute();`
template <class Function>
requires(!std::same_as<std::decay_t<Function>, TaskOptions>) auto delayed(Function&& function) {
  return DelayedFunction<std::decay_t<Function>>(nullptr, std::forward<Function>(function));
}
template <class Function>
auto delayed(TaskOptions options, Function&& function) {
  return DelayedFunction<std::decay_t<Function>>(&options, std::forward<Function>(function));
}

}  // namespace tutti
