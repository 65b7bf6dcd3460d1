#pragma once

/// Thunks of fold() and map_reduce(): combining results in order, and calls over chunks of
/// elements.

#include "tutti/detail/call_graph.hpp"
#include "tutti/detail/closure.hpp"
#include "tutti/detail/core.hpp"
#include "tutti/detail/elements.hpp"
#include "tutti/detail/map_thunk.hpp"
#include "tutti/detail/thunk.hpp"
#include "tutti/function.hpp"
#include "tutti/future.hpp"
#include "tutti/task_options.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <ranges>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

namespace tutti::detail {

/// Partial results of one fold or map_reduce at most.
inline constexpr std::uint64_t fold_chunks_max = 4096;

/// Whether a result becomes a `To` with the same value: a fold that adds ints as longs would lose
/// what it adds them as longs for.
template <class From, class To>
constexpr bool find_keeps_value() {
  if constexpr (std::is_arithmetic_v<From> && std::is_arithmetic_v<To>) {
    return std::is_same_v<std::common_type_t<From, To>, To>;
  } else {
    return std::is_convertible_v<From, To>;
  }
}
template <class From, class To>
inline constexpr bool keeps_value = find_keeps_value<std::decay_t<From>, To>();

template <class Op, class T>
constexpr bool find_fold() {
  if constexpr (std::is_void_v<T>) {
    return false;
  } else if constexpr (std::is_invocable_r_v<T, const Op&, T&&, const T&>) {
    return keeps_value<std::invoke_result_t<const Op&, T&&, const T&>, T>;
  } else {
    return false;
  }
}
template <class Op, class T>
inline constexpr bool is_fold = find_fold<Op, T>();

template <class Op, class T>
constexpr void explain_fold() {
  static_assert(!std::is_void_v<T>, "tasks that return nothing have no results to combine");
  static_assert(std::is_void_v<T> || is_fold<Op, T>,
                "the function that combines takes two results and gives one of the same type, "
                "T op(const T&, const T&), and no wider one, which would be cut off: let the tasks "
                "return the type to combine in; a lambda must not be mutable");
}

/// One call that combines all its inputs, from left to right.
template <class Op, class T>
struct FoldThunk {
  static Value* call(std::span<const std::byte> payload, std::span<const InputValue> inputs) {
    Reader reader(payload);
    const Closure<Op> closure(reader);
    const auto& op = closure.get();
    std::optional<T> sum;
    for (const InputValue& piece : inputs) {
      const T* element = &input_cast<T>(piece);
      const T* const end = element + piece.count;
      if (!sum) {
        sum.emplace(take_input<T>(piece));
        ++element;
      }
      for (; element != end; ++element) *sum = std::invoke(op, std::move(*sum), *element);
    }
    check(sum.has_value(), "a fold has inputs");
    return make_value<T>(std::move(*sum)).release();
  }
  static Value* call_large(std::span<const std::byte>, std::span<const InputValue> inputs) {
    return call(input_cast<std::vector<std::byte>>(inputs.back()), inputs.first(inputs.size() - 1));
  }
  static constexpr FunctionOps large{&function_name<Op>,
                                     &value_ops_object<T>,
                                     nullptr,
                                     &call_large,
                                     nullptr,
                                     nullptr,
                                     nullptr,
                                     nullptr};
  static constexpr FunctionOps ops{
      &function_name<Op>, &value_ops_object<T>, nullptr, &call, nullptr, nullptr, nullptr, &large};
};

/// What is to be combined.
struct FoldCall {
  const FunctionOps* combine = nullptr;
  std::span<const std::byte> payload;
  FoldOptions options;
  /// All elements of a map, or single futures, in order.
  HandlePtr map;
  std::vector<CallGraph::Input> futures;
  /// Comes before the first one, when it is not null.
  ValuePtr initial;
};
/// Submits the calls: leaves of consecutive elements, then a tree, whose shape depends only on the
/// number of elements and the options. Throws Error (bad_argument) when there is nothing to combine
/// and no initial value.
HandlePtr submit_fold(const FoldCall& call);

template <class T>
void add_fold_elements(FoldCall& call, const Futures<T>& futures) {
  call.map = futures.handle();
}
template <class T>
void add_fold_elements(FoldCall& call, const std::vector<Future<T>>& futures) {
  for (const Future<T>& future : futures)
    call.futures.push_back({future.handle(), target_of(future).index, {}});
}

/// All futures of a map, or a vector of single ones.
template <class Elements>
concept ManyFutures = requires(FoldCall& call, const Elements& elements) {
  add_fold_elements(call, elements);
};

template <class Op, class Elements, class... Initial>
auto fold(const FoldOptions& options, const Op& op, const Elements& elements,
          Initial&&... initial) {
  using T = typename Elements::value_type::value_type;
  static_assert(sizeof...(Initial) <= 1, "fold takes one initial value");
  static_assert((keeps_value<Initial, T> && ...),
                "the initial value of a fold has another type than the results, which would cut it "
                "off; let the tasks return the type to combine in");
  explain_fold<Op, T>();
  explain_closure<Op>();
  if constexpr (is_fold<Op, T> && closure_travels<Op>) {
    CallBuilder& builder = call_builder();
    Closure<Op>::write(builder.payload, op);
    FoldCall call;
    call.combine = &FoldThunk<Op, T>::ops;
    call.payload = builder.payload.bytes();
    call.options = options;
    add_fold_elements(call, elements);
    ((call.initial = make_value<T>(std::forward<Initial>(initial))), ...);
    return Future<T>(submit_fold(call), 0);
  } else {
    return Future<T>();
  }
}

// ---- chunks of elements

/// Elements of a chunk of numbers, which travels as three numbers.
template <class T>
struct NumberChunks {
  Range<T> numbers;
  std::uint64_t size = 0;

  std::uint64_t begin(std::uint64_t chunk) const { return chunk * size; }
  std::uint64_t end(std::uint64_t chunk) const {
    return std::min<std::uint64_t>((chunk + 1) * size, numbers.size());
  }
  T at(std::uint64_t, std::uint64_t index) const { return numbers[index]; }
};
/// A chunk that is its elements.
template <class T>
struct GivenChunks {
  std::uint64_t begin(const std::vector<T>&) const { return 0; }
  std::uint64_t end(const std::vector<T>& chunk) const { return chunk.size(); }
  const T& at(const std::vector<T>& chunk, std::uint64_t index) const { return chunk[index]; }
};

/// Applies a function to the elements of a chunk and combines what it gives, from left to right.
template <class R, class F, class Op, class Chunks, class Chunk>
R reduce_chunk(const F& function, const Op& op, const Chunks& chunks, const Chunk& chunk) {
  std::uint64_t index = chunks.begin(chunk);
  const std::uint64_t end = chunks.end(chunk);
  R sum = std::invoke(function, chunks.at(chunk, index));
  for (++index; index < end; ++index)
    sum = std::invoke(op, std::move(sum), R(std::invoke(function, chunks.at(chunk, index))));
  return sum;
}

/// The function of the map that map_reduce() makes: one call for each chunk.
template <class R, class F, class Op, class Chunks>
struct ChunkCall {
  F function;
  Op op;
  Chunks chunks;

  template <class Chunk>
  R operator()(const Chunk& chunk) const {
    return reduce_chunk<R>(function, op, chunks, chunk);
  }
};

template <class R, class F, class Op, class Chunks>
inline constexpr bool closure_travels<ChunkCall<R, F, Op, Chunks>> =
    closure_travels<F>&& closure_travels<Op>;
template <class R, class F, class Op, class Chunks>
struct FunctionName<ChunkCall<R, F, Op, Chunks>> : FunctionName<F> {};

template <class R, class F, class Op, class Chunks>
class Closure<ChunkCall<R, F, Op, Chunks>> {
 public:
  static void write(Writer& writer, const ChunkCall<R, F, Op, Chunks>& call) {
    Closure<F>::write(writer, call.function);
    Closure<Op>::write(writer, call.op);
    writer.value(call.chunks);
  }
  explicit Closure(Reader& reader)
      : function_(reader), op_(reader), chunks_(reader.template value<Chunks>()) {}
  const auto& get() const { return *this; }
  template <class Chunk>
  R operator()(const Chunk& chunk) const {
    return reduce_chunk<R>(function_.get(), op_.get(), chunks_, chunk);
  }

 private:
  Closure<F> function_;
  Closure<Op> op_;
  Chunks chunks_;
};

/// Elements of a chunk, for `count` elements.
inline std::uint64_t chunk_size_of(const FoldOptions& options, std::uint64_t count,
                                   std::uint64_t usual) {
  const std::uint64_t at_least = (count + fold_chunks_max - 1) / fold_chunks_max;
  return std::max(options.chunk_size != 0 ? options.chunk_size : usual, at_least);
}

/// Elements cut into chunks: what maps over them, and how the function finds its elements.
template <class T, class Mapped, class Chunks>
struct ChunkedElements {
  using Element = T;
  Mapped elements;
  Chunks chunks;
};

template <class T>
auto chunks_of(const FoldOptions& options, const Range<T>& numbers) {
  const std::uint64_t size = chunk_size_of(options, numbers.size(), 1);
  const std::uint64_t count = (numbers.size() + size - 1) / size;
  return ChunkedElements<T, Range<std::uint64_t>, NumberChunks<T>>{range(count), {numbers, size}};
}
template <class Elements>
auto chunks_of(const FoldOptions& options, Elements&& elements) {
  static_assert(is_mapped_range<std::remove_cvref_t<Elements>>,
                "map_reduce needs a range of elements: a vector, tutti::range(n), or the futures "
                "of a map");
  using T = Stored<std::ranges::range_value_t<std::remove_cvref_t<Elements>>>;
  const auto count = static_cast<std::uint64_t>(std::ranges::distance(elements));
  const std::uint64_t size = chunk_size_of(options, count, 1);
  std::vector<std::vector<T>> chunks;
  for (auto&& each : elements) {
    if (chunks.empty() || chunks.back().size() == size) {
      chunks.emplace_back();
      chunks.back().reserve(std::min(size, count));
    }
    chunks.back().emplace_back(std::forward<decltype(each)>(each));
  }
  return ChunkedElements<T, std::vector<std::vector<T>>, GivenChunks<T>>{std::move(chunks), {}};
}

/// Says, while compiling, why elements cannot be mapped and combined.
template <class F, class Op, class T>
constexpr void explain_reduce() {
  static_assert(std::is_invocable_v<const F&, const T&>,
                "this function cannot be called with one element; it arrives as const&, and a "
                "lambda must not be mutable");
  if constexpr (std::is_invocable_v<const F&, const T&>)
    explain_fold<Op, std::decay_t<std::invoke_result_t<const F&, const T&>>>();
  explain_closure<F>();
  explain_closure<Op>();
}
template <class F, class Op, class T>
constexpr bool find_reduce() {
  if constexpr (std::is_invocable_v<const F&, const T&>) {
    return is_fold<Op, std::decay_t<std::invoke_result_t<const F&, const T&>>> &&
           closure_travels<F> && closure_travels<Op>;
  } else {
    return false;
  }
}
/// False for a call whose sentence was given already.
template <class F, class Op, class T>
inline constexpr bool is_reduce = find_reduce<F, Op, T>();

/// The function of a map over chunks; the call is_reduce.
template <class Function, class Op, class T, class Mapped, class Chunks>
auto chunk_call(Function&& function, const Op& op,
                const ChunkedElements<T, Mapped, Chunks>& elements) {
  using F = std::decay_t<Function>;
  using R = std::decay_t<std::invoke_result_t<const F&, const T&>>;
  return ChunkCall<R, F, std::decay_t<Op>, Chunks>{std::forward<Function>(function), op,
                                                   elements.chunks};
}

}  // namespace tutti::detail
