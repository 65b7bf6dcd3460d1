#pragma once

/// Actor<T>: an object that lives on one worker, and whose methods are called from anywhere.

#include "tutti/data.hpp"
#include "tutti/detail/actor_call.hpp"
#include "tutti/detail/single_call.hpp"
#include "tutti/future.hpp"
#include "tutti/timeout.hpp"
#include "tutti/worker.hpp"

#include <concepts>
#include <memory>
#include <ostream>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace tutti {

/// For client.actor<T>(): options come first, as a braced list.
struct ActorOptions {
  /// Stands in errors and reports before the names of its methods.
  std::string name = {};
  /// Where it may live, by rank or host; anywhere when empty.
  std::vector<WorkerName> workers = {};
};

/// A handle to an object on one worker. Its methods run there one at a time: the calls by one
/// handle in the order in which they were made, whatever becomes of those before them. The copies
/// of a handle are one caller. A task that gets the handle as an argument is another one, and may
/// use it until it ends.
///
/// The object need not be copyable, movable or able to travel; arguments and results of its methods
/// travel as those of tasks do. It ends, on its worker, when no handle is left in main, no task
/// that got one, and no call. It is not copied and not moved: it is lost with its worker.
///
/// All functions may be called by several threads. Errors: Error (bad_argument) for an empty
/// handle, and for one that was kept beyond the task that got it.
template <class T>
class Actor {
 public:
  using value_type = T;

  /// A handle to nothing; assign a real one before use.
  Actor() = default;

  /// Calls `method(object, arguments...)` on the worker and returns at once: a pointer to a member
  /// function, or a function that takes `T&` or `const T&` first. Arguments are those of submit():
  /// futures stand for their results, and a call waits for them, with the calls behind it. A call
  /// is made whether its future is kept or not. What it throws is thrown by its future as
  /// TaskFailed, and later calls go on; when the constructor threw, all calls fail with what it
  /// threw.
  template <class Method, class... Args>
  auto call(Method method, Args&&... arguments) const {
    using Function = detail::MethodCall<T, std::decay_t<Method>>;
    using Call = detail::SingleCall<detail::Stands::as_future, Function,
                                    Future<detail::ActorCell<T>>, detail::Stored<Args>...>;
    Call::explain();
    using Result = Future<typename Call::Result>;
    if constexpr (Call::is_good) {
      const detail::ActorHandle& handle = detail::checked(handle_);
      detail::Core& core = detail::Core::of(*handle.creation);
      detail::CallBuilder& builder = detail::call_builder();
      Call::write(builder, Function{std::move(method)},
                  Future<detail::ActorCell<T>>(handle.creation, 0),
                  std::forward<Args>(arguments)...);
      builder.line = handle.line;
      TaskOptions options;
      options.name = handle.name;
      Result result(core.submit(Call::ops(), options, builder), 0);
      core.fire_and_forget(*result.handle());
      return result;
    } else {
      return Result();
    }
  }

  /// Waits until the object is there. Throws TaskFailed when its constructor threw, TimeoutError
  /// when it takes longer than `timeout`.
  void wait(Timeout timeout = forever) const {
    const detail::ActorHandle& handle = detail::checked(handle_);
    const detail::Target target{handle.creation.get(), 0};
    detail::Core& core = detail::Core::of(*handle.creation);
    if (!core.wait({&target, 1}, ReturnWhen::all_completed, timeout)) {
      throw TimeoutError("wait() waited " + std::to_string(timeout.seconds()) +
                         " s for the actor " + detail::type_name<T>() + ", which is not made yet");
    }
    if (const detail::FailurePtr failure = core.failure(target)) detail::throw_failure(failure);
  }
  /// True when the object is there; does not wait.
  bool ready() const {
    const detail::ActorHandle& handle = detail::checked(handle_);
    return detail::Core::of(*handle.creation).status({handle.creation.get(), 0}) ==
           Status::finished;
  }
  /// The rank where it lives. Asks the object itself, behind the calls that were made before.
  int rank() const {
    return call([](const T&) { return get_worker().rank(); }).result();
  }
  const std::string& name() const { return detail::checked(handle_).name; }
  bool valid() const { return handle_ != nullptr; }
  /// Lets go of the object before the handle ends, which is empty afterwards.
  void release() { handle_ = {}; }
  /// True for copies of one handle.
  bool operator==(const Actor& other) const { return handle_ == other.handle_; }

  // For tutti itself.
  explicit Actor(std::shared_ptr<detail::ActorHandle> handle) : handle_(std::move(handle)) {}
  const std::shared_ptr<detail::ActorHandle>& handle() const { return handle_; }

 private:
  std::shared_ptr<detail::ActorHandle> handle_;
};

template <class T>
std::ostream& operator<<(std::ostream& out, const Actor<T>& actor) {
  out << "<Actor " << detail::type_name<T>();
  if (!actor.valid()) return out << ": empty>";
  if (!actor.name().empty()) out << " " << actor.name();
  return out << (actor.ready() ? ": ready>" : ": not there>");
}

namespace detail {

/// As an argument, at any depth of containers, a handle stands for a handle of the task.
template <class T>
struct Placeholder<Actor<T>> {
  static constexpr Stands kind = Stands::as_future;
  using Result = Actor<T>;
  using Sent = Actor<T>;
  static void write(CallBuilder& builder, const Actor<T>& actor) {
    write_actor_handle(builder, checked(actor.handle()));
  }
  static Actor<T> read(CallReader& call) { return Actor<T>(read_actor_handle(call)); }
};

template <class First, class... Args>
inline constexpr bool starts_with = false;
template <class First, class Arg, class... Args>
inline constexpr bool starts_with<First, Arg, Args...> = std::is_same_v<First, std::decay_t<Arg>>;

/// Submits the creation of a T.
template <class T, class... Args>
Actor<T> make_actor(Core& core, ActorOptions options, Args&&... arguments) {
  static_assert(std::is_class_v<T> && std::is_same_v<T, std::decay_t<T>>,
                "an actor is an object of a class: client.actor<Counter>(arguments...)");
  using Call = SingleCall<Stands::as_future, ActorMaker<T>, Stored<Args>...>;
  Call::explain();
  if constexpr (Call::is_good) {
    CallBuilder& builder = call_builder();
    Call::write(builder, ActorMaker<T>(), std::forward<Args>(arguments)...);
    builder.line = creates_actor;
    TaskOptions task;
    task.name = options.name;
    task.workers = std::move(options.workers);
    return Actor<T>(
        make_actor_handle(core.submit(Call::ops(), task, builder), std::move(options.name)));
  } else {
    return Actor<T>();
  }
}

}  // namespace detail
}  // namespace tutti
