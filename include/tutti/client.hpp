#pragma once

/// Client: what a program uses on rank 0, and a task wherever it runs. Submit, map, gather,
/// scatter, wait, cancel.

#include "tutti/actor.hpp"
#include "tutti/as_completed.hpp"
#include "tutti/compute.hpp"
#include "tutti/data.hpp"
#include "tutti/detail/core.hpp"
#include "tutti/detail/dataset.hpp"
#include "tutti/detail/fold.hpp"
#include "tutti/detail/gang_call.hpp"
#include "tutti/detail/gather.hpp"
#include "tutti/detail/map_call.hpp"
#include "tutti/detail/scatter.hpp"
#include "tutti/detail/single_call.hpp"
#include "tutti/function.hpp"
#include "tutti/future.hpp"
#include "tutti/hardware.hpp"
#include "tutti/memory.hpp"
#include "tutti/task_options.hpp"
#include "tutti/wait.hpp"

#include <concepts>
#include <cstddef>
#include <functional>
#include <map>
#include <ostream>
#include <ranges>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace tutti {

/// A handle to the run, cheap to copy. All functions may be called by several threads of a rank at
/// once, and by library code through tutti::client(). Inside of a task it does what it does in
/// main, but for run(), shutdown() and named data sets, which are main's alone; a task that waits
/// gives its slot to other tasks meanwhile. Futures stay in the task that made them: it returns
/// results. Errors: Error(not_running) outside of a run; Error(cannot_travel) for closures and
/// results that cannot be sent; Error(bad_argument) for maps of unequal lengths and the like.
/// Options come first, as a braced list.
class Client {
 public:
  /// Runs `function(arguments...)` on some worker and returns at once. Futures among the arguments
  /// stand for their results, which are sent from worker to worker; also inside of standard
  /// containers, tuples and optionals at any depth, mixed with values: a std::map<int, Future<T>>
  /// arrives as std::map<int, T>, all futures of a map as std::vector<T>. Text arrives as
  /// std::string. A parameter that is a value gets an object of its own: the result itself, moved
  /// out, when the task is its last user (no future names it, nothing else needs it), else a copy.
  /// The future must be kept as long as the result is wanted; see
  /// fire_and_forget().
  template <class Function, class... Args>
  requires(!std::same_as<std::decay_t<Function>, TaskOptions> &&
           !std::same_as<std::decay_t<Function>, Gang>)  //
      [[nodiscard]] auto submit(Function&& function, Args&&... arguments) {
    return submit(TaskOptions{}, std::forward<Function>(function),
                  std::forward<Args>(arguments)...);
  }
  template <class Function, class... Args>
  requires(!std::same_as<std::decay_t<Function>, Gang>)  //
      [[nodiscard]] auto submit(TaskOptions options, Function&& function, Args&&... arguments) {
    using Call = detail::SingleCall<detail::Stands::as_future, std::decay_t<Function>,
                                    detail::Stored<Args>...>;
    Call::explain();
    using Result = Future<typename Call::Result>;
    if constexpr (Call::is_good) {
      detail::CallBuilder& builder = detail::call_builder();
      Call::write(builder, function, std::forward<Args>(arguments)...);
      return Result(core("submit()").submit(Call::ops(), options, builder), 0);
    } else {
      return Result();
    }
  }
  /// `submit(gang(4), function, arguments...)`: four ranks run it together, see tutti/gang.hpp.
  template <class Function, class... Args>
  [[nodiscard]] auto submit(TaskOptions options, Gang gang, Function&& function,
                            Args&&... arguments) {
    using F = std::decay_t<Function>;
    using Call = detail::GangCall<F, detail::Stored<Args>...>;
    Call::explain();
    if constexpr (Call::is_good) {
      detail::CallBuilder& builder = detail::call_builder();
      builder.gang = detail::gang_size(gang.size);
      Call::write(builder, detail::OnGang<F>{std::forward<Function>(function)},
                  std::forward<Args>(arguments)...);
      return Future<typename Call::Result>(core("submit()").submit(Call::ops(), options, builder),
                                           0);
    } else {
      return Future<void>();
    }
  }
  template <class Function, class... Args>
  [[nodiscard]] auto submit(Gang gang, Function&& function, Args&&... arguments) {
    return submit(TaskOptions{}, gang, std::forward<Function>(function),
                  std::forward<Args>(arguments)...);
  }

  /// Makes a T from the arguments, which are those of submit(), on one worker, where it stays, and
  /// returns at once; its methods are called through the handle. It goes to the worker with the
  /// fewest actors for its slots, of those that the options name.
  template <class T, class... Args>
  requires(!detail::starts_with<ActorOptions, Args...>)  //
      [[nodiscard]] Actor<T> actor(Args&&... arguments) {
    return actor<T>(ActorOptions{}, std::forward<Args>(arguments)...);
  }
  template <class T, class... Args>
  [[nodiscard]] Actor<T> actor(ActorOptions options, Args&&... arguments) {
    return detail::make_actor<T>(core("actor()"), std::move(options),
                                 std::forward<Args>(arguments)...);
  }

  /// Runs `function` for each element and returns at once. Ranges are zipped (a string is no range)
  /// and must have equal lengths; the futures of another map feed this one element by element; all
  /// else, futures (also inside of others), and constant(x) go whole to every call and travel once
  /// to each rank. At least one argument is a range.
  template <class Function, class... Args>
  requires(!std::same_as<std::decay_t<Function>, TaskOptions>)
      [[nodiscard]] auto map(Function&& function, Args&&... arguments) {
    return map(TaskOptions{}, std::forward<Function>(function), std::forward<Args>(arguments)...);
  }
  template <class Function, class... Args>
  [[nodiscard]] auto map(TaskOptions options, Function&& function, Args&&... arguments) {
    using F = std::decay_t<Function>;
    using Call = detail::MapCall<F, std::remove_cvref_t<Args>...>;
    Call::explain();
    using Result = Futures<typename Call::Result>;
    if constexpr (Call::is_good) {
      detail::CallBuilder& builder = detail::call_builder();
      const std::size_t total =
          Call::write(core("map()"), builder, function, std::forward<Args>(arguments)...);
      return Result(core("map()").map(Call::ops(), options, total, builder));
    } else {
      return Result();
    }
  }

  /// Submits delayed calls in one pass, parts that they share once, and returns at once: the future
  /// of a single Delayed, else a tuple. An argument that holds some, as a std::vector<Delayed<T>>,
  /// gives the same with futures.
  template <class First, class... More>
  [[nodiscard]] auto compute(const First& first, const More&... more) {
    auto futures = detail::submit_delayed<detail::ToSent>(first, more...);
    if constexpr (sizeof...(More) == 0) {
      return std::get<0>(std::move(futures));
    } else {
      return futures;
    }
  }

  /// Combines the results of a map, or of single futures, on the workers: op(op(a, b), c) with
  /// other brackets but in their order. `T op(const T&, const T&)` is associative, more or less:
  /// the brackets depend only on the number of elements, so that floating point results have the
  /// same bits on any number of ranks. An `initial` value comes before the first. Throws Error
  /// (bad_argument) when there are no elements and no initial value.
  template <class Op, detail::ManyFutures Elements, class... Initial>
  [[nodiscard]] auto fold(Op&& op, const Elements& futures, Initial&&... initial) {
    return fold(FoldOptions{}, op, futures, std::forward<Initial>(initial)...);
  }
  template <class Op, detail::ManyFutures Elements, class... Initial>
  [[nodiscard]] auto fold(FoldOptions options, Op&& op, const Elements& futures,
                          Initial&&... initial) {
    return detail::fold<std::decay_t<Op>>(options, op, futures, std::forward<Initial>(initial)...);
  }

  /// The same as fold(op, map(function, elements)), but results of single elements are kept
  /// nowhere: each call takes a chunk of the elements, at most 4096 of them, and gives one partial
  /// result. (The futures of another map are mapped, then folded.)
  template <class Function, class Elements, class Op, class... Initial>
  requires(!std::same_as<std::decay_t<Function>, FoldOptions>)  //
      [[nodiscard]] auto map_reduce(Function&& function, Elements&& elements, Op&& op,
                                    Initial&&... initial) {
    return map_reduce(FoldOptions{}, std::forward<Function>(function),
                      std::forward<Elements>(elements), op, std::forward<Initial>(initial)...);
  }
  template <class Function, class Elements, class Op, class... Initial>
  [[nodiscard]] auto map_reduce(FoldOptions options, Function&& function, Elements&& elements,
                                Op&& op, Initial&&... initial) {
    if constexpr (detail::is_instance<std::remove_cvref_t<Elements>, Futures>) {
      return fold(options, op, map(std::forward<Function>(function), elements),
                  std::forward<Initial>(initial)...);
    } else {
      const auto chunks = detail::chunks_of(options, std::forward<Elements>(elements));
      using T = typename decltype(chunks)::Element;
      using F = std::decay_t<Function>;
      detail::explain_reduce<F, std::decay_t<Op>, T>();
      if constexpr (detail::is_reduce<F, std::decay_t<Op>, T>) {
        const auto parts =
            map(detail::chunk_call(std::forward<Function>(function), op, chunks), chunks.elements);
        return fold(FoldOptions{options.split_every}, op, parts, std::forward<Initial>(initial)...);
      } else {
        return Future<void>();
      }
    }
  }

  /// Waits for all results and gives them in order. `{.errors = Errors::skip}` leaves out those of
  /// tasks that failed; else the first failure in order is thrown as TaskFailed. Throws Error
  /// (no_memory), before anything moves, when they exceed what rank 0 may use.
  template <class T>
  std::vector<T> gather(GatherOptions options, const Futures<T>& futures) {
    return detail::gather_map(options, futures);
  }
  template <class T>
  std::vector<T> gather(GatherOptions options, const std::vector<Future<T>>& futures) {
    return detail::gather_futures(options, futures);
  }
  template <class T>
  auto gather(const Futures<T>& futures) {
    if constexpr (std::is_void_v<T>) {
      detail::wait_and_raise(futures);
    } else {
      return gather(GatherOptions{}, futures);
    }
  }
  template <class T>
  auto gather(const std::vector<Future<T>>& futures) {
    if constexpr (std::is_void_v<T>) {
      for (const Future<T>& future : futures) future.result();
    } else {
      return gather(GatherOptions{}, futures);
    }
  }
  template <class T>
  auto gather(const Future<T>& future) {
    return Future<T>(future).result();
  }
  /// Containers of futures, nested at will, keep their shape: a std::map<int, Future<T>> gives a
  /// std::map<int, T>. In arrays and tuples nothing can be left out; there failures are thrown.
  template <class Nested>
  requires(detail::holds_placeholders<Nested>) auto gather(const Nested& futures) {
    return detail::gather_nested({}, futures);
  }
  template <class Nested>
  requires(detail::holds_placeholders<Nested>) auto gather(GatherOptions options,
                                                           const Nested& futures) {
    return detail::gather_nested(options, futures);
  }

  /// The same into memory of the caller, as long as there are futures: a std::vector, std::array or
  /// std::span. Results of a map that are plain bytes arrive there directly. Throws Error
  /// (bad_argument) when the lengths differ; after an exception the contents are unknown.
  template <std::ranges::contiguous_range Out, detail::ManyFutures Many>
  void gather_into(Out&& out, const Many& futures) {
    detail::gather_into(std::span<std::ranges::range_value_t<Out>>(out), futures);
  }

  /// Runs `function(arguments...)` on every rank at once and waits: element r of the result is that
  /// of rank r. For set-up, opening files, timers. Arguments travel once to each rank. Throws
  /// TaskFailed when it failed on a rank.
  template <class Function, class... Args>
  auto run(Function&& function, Args&&... arguments) {
    using F = std::decay_t<Function>;
    using Call = detail::RunCall<F, std::remove_cvref_t<Args>...>;
    Call::explain();
    if constexpr (Call::is_good) {
      detail::CallBuilder& builder = detail::call_builder();
      Call::write(builder, function, std::forward<Args>(arguments)...);
      return gather(Futures<typename Call::Result>(core("run()").run(Call::ops(), builder)));
    }
  }

  /// Calls `function(arguments...)` here, on the rank that schedules and on the calling thread, and
  /// gives what it returns.
  template <class Function, class... Args>
  decltype(auto) run_on_scheduler(Function&& function, Args&&... arguments) {
    (void)core("run_on_scheduler()");
    return std::invoke(std::forward<Function>(function), std::forward<Args>(arguments)...);
  }

  /// Puts data on the workers and waits until it is there: a value gives its Future, with one
  /// worker after the other in turn; a std::vector, std::deque, std::list, std::array or std::span
  /// spreads by the threads of the workers, in stretches, and gives Futures; a std::map or
  /// std::unordered_map gives a map of the same keys to Future. Tasks that take it run where it is
  /// and read it: a parameter is a const reference, or a value, which is a copy.
  /// `{.workers = {1, "node7"}}` says who gets it; constant(x) keeps a sequence or map whole.
  template <class T>
  [[nodiscard]] auto scatter(ScatterOptions options, T&& data) {
    return detail::scatter(core("scatter()"), {std::move(options.workers), false, options.hash},
                           std::forward<T>(data));
  }
  /// `{.broadcast = true}`: a copy of the whole on every rank.
  template <class T>
  [[nodiscard]] Future<detail::Stored<T>> scatter(BroadcastOptions options, T&& value) {
    return detail::scatter_whole(core("scatter()"),
                                 {std::move(options.workers), options.broadcast.on, options.hash},
                                 std::forward<T>(value));
  }
  template <class T>
  requires(!std::same_as<std::decay_t<T>, ScatterOptions>)  //
      [[nodiscard]] auto scatter(T&& data) {
    return scatter(ScatterOptions{}, std::forward<T>(data));
  }
  /// The same as scatter({.broadcast = true}, value).
  template <class T>
  [[nodiscard]] auto broadcast(T&& value) {
    return scatter(BroadcastOptions{.broadcast = true}, std::forward<T>(value));
  }

  /// Ends what has not ended as cancelled, and with it all that needs it, and returns at once: what
  /// was not begun is not run, and get_worker().cancelled() tells a task that runs to stop. What
  /// has ended stays as it is. result() of what was cancelled throws CancelledError.
  template <class T>
  void cancel(const Future<T>& future) {
    const detail::Target target = detail::target_of(future);
    core("cancel()").cancel({&target, 1});
  }
  template <class T>
  void cancel(const Futures<T>& futures) {
    if (futures.empty()) return;
    const detail::Target target{futures.handle().get(), detail::whole_group};
    core("cancel()").cancel({&target, 1});
  }
  template <class T>
  void cancel(const std::vector<Future<T>>& futures) {
    std::vector<detail::Target> targets;
    for (const Future<T>& future : futures) targets.push_back(detail::target_of(future));
    core("cancel()").cancel(targets);
  }

  /// Waits for the futures, in containers at will, and until copies of their results are on all
  /// workers, on `.n` of them, or on those that are named; so that tasks find them there. Copies
  /// are made in a tree while tasks run, and go with the last future. Throws TaskFailed when a task
  /// failed, Error (cannot_travel) when a result could not be copied.
  template <class Nested>
  void replicate(const ReplicateOptions& options, const Nested& futures) {
    core("replicate()").replicate(detail::targets_in(futures), options);
  }
  template <class Nested>
  void replicate(const Nested& futures) {
    replicate(ReplicateOptions{}, futures);
  }

  /// Moves results, of these futures or of all, so that workers hold equal parts of what they may
  /// use; waits until it is done and gives the bytes that were moved. Tasks may run meanwhile: what
  /// they need stays where it is.
  template <class Nested>
  std::uint64_t rebalance(const RebalanceOptions& options, const Nested& futures) {
    const std::vector<detail::Target> targets = detail::targets_in(futures);
    return core("rebalance()").rebalance(&targets, options);
  }
  template <class Nested>
  requires(detail::holds_placeholders<Nested>) std::uint64_t rebalance(const Nested& futures) {
    return rebalance(RebalanceOptions{}, futures);
  }
  std::uint64_t rebalance(const RebalanceOptions& options = {}) {
    return core("rebalance()").rebalance(nullptr, options);
  }

  /// So many workers work from now on, 1 to all that there are; the others are parked: they get
  /// nothing new, give back what they have not begun, their data moves to the others, and then they
  /// sleep. Those that hold least are parked first. Returns at once. run() still runs on every
  /// rank. Throws Error (unsatisfiable) for more than there are. Main only.
  void scale(std::size_t workers) { core("scale()").scale(workers); }
  /// The same, again and again, by the work that is left: as many as there are tasks, or as need
  /// `target_duration` for it. scale() ends it.
  void adapt(const AdaptOptions& options = {}) { core("adapt()").adapt(options); }
  /// Workers that are not parked.
  std::size_t active_workers() { return core("active_workers()").active_workers(); }

  /// Where results are now that are finished: one entry a value, and one a stretch of a map.
  template <class Nested>
  std::vector<HeldData> who_has(const Nested& futures) const {
    const std::vector<detail::Target> targets = detail::targets_in(futures);
    return core("who_has()").who_has(&targets);
  }
  /// What each of the workers holds, or what all do.
  std::map<int, std::vector<HeldData>> has_what(const std::vector<WorkerName>& workers = {}) const {
    return detail::has_what(core("has_what()"), workers);
  }
  /// Bytes of the results of these futures, each counted once, or of all that is held, with copies.
  template <class Nested>
  std::uint64_t nbytes(const Nested& futures) const {
    return detail::count_bytes(who_has(futures));
  }
  std::uint64_t nbytes() const { return detail::count_copies(core("nbytes()").who_has(nullptr)); }

  /// Keeps a future, or the futures of a map, under a name that any part of main can ask for until
  /// unpublish() or the end of the run. Throws Error (bad_argument) when the name is taken;
  /// `{.override = true}` takes its place.
  template <class T>
  void publish(PublishOptions options, const std::string& name, const Future<T>& future) {
    core("publish()").publish(name, detail::DatasetForm<T>::pack(future), options.override);
  }
  template <class T>
  void publish(PublishOptions options, const std::string& name, const Futures<T>& futures) {
    core("publish()")
        .publish(name, detail::DatasetForm<Futures<T>>::pack(futures), options.override);
  }
  template <class Shared>
  void publish(const std::string& name, const Shared& futures) {
    publish(PublishOptions{}, name, futures);
  }
  /// The future that was published, as another copy of it: get_dataset<T>(name) gives Future<T>,
  /// get_dataset<Futures<T>>(name) the futures of a map. Does not wait for results. Throws Error
  /// (bad_argument) when there is none of that name, or when it has another type.
  template <class T>
  [[nodiscard]] typename detail::DatasetForm<T>::Shared get_dataset(const std::string& name) const {
    detail::Dataset dataset = core("get_dataset()").find_dataset(name);
    detail::check_dataset(name, dataset, detail::DatasetForm<T>::name());
    return detail::DatasetForm<T>::unpack(std::move(dataset));
  }
  /// The names of all that is published, in the order of the alphabet.
  std::vector<std::string> list_datasets() const { return core("list_datasets()").dataset_names(); }
  /// Futures that were got under the name stay what they are. False when there was none.
  bool unpublish(const std::string& name) { return core("unpublish()").unpublish(name); }

  /// Prints ranks, workers, threads, memory, hosts, transport and versions.
  std::string summary() const { return core("summary()").summary(); }
  /// What each rank uses of its memory, in the order of ranks.
  std::vector<RankMemory> memory() const { return core("memory()").memory(); }
  /// Measures disk, memory and network of the ranks; takes seconds, and wants a run that has
  /// nothing else to do. Throws Error (bad_argument) for options out of their limits.
  HardwareFigures benchmark_hardware(const HardwareOptions& options = {});
  /// Seconds since MPI_Init returned, or since the start of a run without MPI.
  double seconds_since_start() const { return core("seconds_since_start()").seconds_since_start(); }
  /// All ranks, the scheduling one included.
  int ranks() const { return core("ranks()").ranks(); }

  /// Ends the run: waits for what was fired and forgotten, drops the rest. Futures that did not end
  /// are cancelled.
  void shutdown() { core("shutdown()").shutdown(); }

 private:
  static detail::Core& core(const char* what) { return detail::Core::current(what); }
};

inline std::ostream& operator<<(std::ostream& out, const Client& client) {
  return out << client.summary();
}

/// The client of the run that is under way, for library code, in main or in a task. Throws Error
/// (not_running) before the start and after the end.
Client client();

}  // namespace tutti
