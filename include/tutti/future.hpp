#pragma once

/// Future<T>: the result of a task that is, or will be, on some rank. Futures<T>: all results of a
/// map.

#include "tutti/detail/core.hpp"
#include "tutti/status.hpp"
#include "tutti/timeout.hpp"

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <ostream>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace tutti {

/// What result() gives of a future that is kept: a reference that stays valid as long as a copy of
/// the future lives.
template <class T>
struct ResultReference {
  using type = const T&;
};
template <>
struct ResultReference<void> {
  using type = void;
};

/// A handle to the result of one task or of one element of a map. Copies share the result; it is
/// released on the workers when the last copy is gone. A task that did not start by then is not
/// run: keep the future, or call fire_and_forget(). All functions may be called by any thread of
/// rank 0. After the end of the run they throw Error (not_running).
template <class T>
class Future {
 public:
  using value_type = T;

  /// A future of nothing; assign a real one before use.
  Future() = default;

  /// Waits and gives the result. Throws TaskFailed when the task, or one that it needs, threw;
  /// TimeoutError when it takes longer than `timeout`; CancelledError when it was cancelled.
  typename ResultReference<T>::type result(Timeout timeout = forever) const& {
    detail::Core& backend = core("result()");
    detail::InputValue value;
    if (!detail::find_result_here(target(), value)) value = backend.result(target(), timeout);
    if constexpr (!std::is_void_v<T>) return detail::input_cast<T>(value);
  }
  /// The same for a future that is not kept: the result by value, as in `client.submit(f,
  /// x).result()`.
  T result(Timeout timeout = forever) && requires(std::is_void_v<T> || std::copy_constructible<T>) {
    detail::Core& backend = core("result()");
    const detail::InputValue value = backend.result(target(), timeout);
    if constexpr (!std::is_void_v<T>) {
      const T& object = detail::input_cast<T>(value);
      if constexpr (std::is_trivially_copyable_v<T>) return object;
      if (backend.may_move(target())) return std::move(const_cast<T&>(object));
      return object;
    }
  }

  /// pending, finished, error, cancelled or lost; does not wait.
  Status status() const {
    const Status status = core("status()").status(target());
    if (status == Status::error) handle_->observed = true;
    return status;
  }
  /// True when the task has ended, well or not; does not wait. Asking this does not take note of a
  /// failure.
  bool done() const { return core("done()").status(target()) != Status::pending; }
  bool cancelled() const { return status() == Status::cancelled; }
  /// How far the task has come: what it told by get_worker().progress() last, 0 before that and 1
  /// when it has ended; does not wait.
  double progress() const { return done() ? 1.0 : core("progress()").progress(target()); }
  /// Waits; the failure of a task that threw, nothing for one that did not.
  std::optional<TaskFailed> exception(Timeout timeout = forever) const {
    const detail::Target self = target();
    if (!core("exception()").wait({&self, 1}, ReturnWhen::all_completed, timeout)) {
      throw TimeoutError("exception() waited " + std::to_string(timeout.seconds()) +
                         " s and the task has not ended");
    }
    const detail::FailurePtr failure = core("exception()").failure(self);
    if (!failure) return std::nullopt;
    return TaskFailed(*failure);
  }
  /// Calls `callback(future)` once when the task has ended, on the thread that notices; at once
  /// when it has already. The callback must be short; it may submit and read results that are
  /// there, but not wait.
  template <std::invocable<Future<T>> Callback>
  void add_done_callback(Callback callback) const {
    core("add_done_callback()")
        .add_done_callback(target(),
                           [callback = std::move(callback), self = *this] { callback(self); });
  }
  /// Gives the result up before the last copy is gone; the future is empty afterwards.
  void release() { handle_ = {}; }

  /// Number of the task, for logs; 0 for an empty future.
  std::uint64_t id() const { return handle_ ? handle_->id.bits() : 0; }
  /// Position among the elements of its map; 0 for a single task.
  std::size_t index() const { return static_cast<std::size_t>(index_); }
  bool valid() const { return static_cast<bool>(handle_); }
  bool operator==(const Future& other) const {
    return handle_.get() == other.handle_.get() && index_ == other.index_;
  }

  // For tutti itself.
  Future(detail::HandlePtr handle, std::uint64_t index)
      : handle_(std::move(handle)), index_(index) {}
  detail::Target target() const { return {handle_.get(), index_}; }
  const detail::HandlePtr& handle() const { return handle_; }

 private:
  detail::Core& core(const char* what) const {
    if (!handle_) {
      throw Error(
          ErrorCode::not_running,
          std::string(what) +
              " was called on an empty future; use a future that submit, map or scatter returned");
    }
    return detail::Core::of(*handle_);
  }

  detail::HandlePtr handle_;
  std::uint64_t index_ = 0;
};

template <class T>
std::ostream& operator<<(std::ostream& out, const Future<T>& future) {
  out << "<Future " << future.id();
  if (future.valid())
    out << ": " << name_of(future.status()) << ", type " << detail::type_name<T>();
  return out << ">";
}

/// The futures of a map: one object however many elements there are. Indexable and iterable; an
/// element's future shares it. Can itself feed another map, element by element.
template <class T>
class Futures {
 public:
  using value_type = Future<T>;

  Futures() = default;

  std::size_t size() const { return handle_ ? static_cast<std::size_t>(handle_.group().total) : 0; }
  bool empty() const { return size() == 0; }
  Future<T> operator[](std::size_t index) const { return Future<T>(handle_, index); }
  /// Like operator[], throws std::out_of_range beyond the end.
  Future<T> at(std::size_t index) const {
    if (index >= size()) {
      throw std::out_of_range("this map has " + std::to_string(size()) +
                              " elements; there is no element " + std::to_string(index));
    }
    return (*this)[index];
  }

  class iterator {
   public:
    using value_type = Future<T>;
    using difference_type = std::ptrdiff_t;
    iterator() = default;
    iterator(const Futures* futures, std::size_t index) : futures_(futures), index_(index) {}
    Future<T> operator*() const { return (*futures_)[index_]; }
    iterator& operator++() {
      ++index_;
      return *this;
    }
    iterator operator++(int) {
      iterator old = *this;
      ++index_;
      return old;
    }
    bool operator==(const iterator& other) const { return index_ == other.index_; }

   private:
    const Futures* futures_ = nullptr;
    std::size_t index_ = 0;
  };
  iterator begin() const { return {this, 0}; }
  iterator end() const { return {this, size()}; }

  /// finished when every element is, error when one failed and all have ended.
  Status status() const {
    if (!handle_) return Status::finished;
    const Status status = detail::Core::of(*handle_).status({handle_.get(), detail::whole_group});
    if (status == Status::error) handle_->observed = true;
    return status;
  }
  bool done() const {
    return !handle_ || detail::Core::of(*handle_).status({handle_.get(), detail::whole_group}) !=
                           Status::pending;
  }
  void release() { handle_ = {}; }

  // For tutti itself.
  explicit Futures(detail::HandlePtr handle) : handle_(std::move(handle)) {}
  const detail::HandlePtr& handle() const { return handle_; }

 private:
  detail::HandlePtr handle_;
};

namespace detail {

template <class T>
Target target_of(const Future<T>& future) {
  if (!future.valid()) {
    throw Error(
        ErrorCode::bad_argument,
        "an empty future was passed as an argument; pass one that submit, map or scatter returned");
  }
  return future.target();
}
template <class T>
const HandlePtr& handle_of(const Futures<T>& futures) {
  return futures.handle();
}

}  // namespace detail
}  // namespace tutti
