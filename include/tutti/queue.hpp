#pragma once

/// Queue, Variable, Publisher and Subscriber: values that tasks and the client pass to each other
/// while they run. They lie on rank 0 and are meant for small ones (to a few hundred kilobytes);
/// results of tasks travel as futures. Names, threads, time limits and errors are as in
/// tutti/sync.hpp.

#include "tutti/detail/sync_call.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace tutti {

/// First in, first out, for many producers and consumers. `T` must be the same for all who use the
/// name.
template <class T>
class Queue : public detail::SyncObject {
 public:
  /// At most `maxsize` values wait in it; 0: no limit. All must say the same limit, or 0.
  explicit Queue(std::string name = "queue", std::size_t maxsize = 0)
      : SyncObject({std::move(name)}), maxsize_(maxsize) {}

  /// Waits while the queue is full. Throws TimeoutError, and Error (bad_argument) when it is
  /// closed.
  void put(const T& value, Timeout timeout = forever) {
    if (!try_put(value, timeout)) detail::throw_sync_timeout("room in the queue", name(), timeout);
  }
  /// The same, but false when the time was over first.
  bool try_put(const T& value, Timeout timeout = 0.0) {
    return ask(sync::Operation::queue_put, timeout, static_cast<std::int64_t>(maxsize_),
               detail::pack_payload(value))
        .in_time;
  }
  /// Waits while the queue is empty. Throws TimeoutError, and Error (bad_argument) when it is empty
  /// and closed.
  T get(Timeout timeout = forever) {
    std::optional<T> value = try_get(timeout);
    if (!value.has_value()) detail::throw_sync_timeout("a value in the queue", name(), timeout);
    return std::move(*value);
  }
  /// The same, but nothing when the time was over first.
  std::optional<T> try_get(Timeout timeout = 0.0) {
    const auto reply = ask(sync::Operation::queue_get, timeout);
    if (!reply.in_time) return std::nullopt;
    return detail::unpack_payload<T>(reply.payload);
  }
  /// What is there without waiting, at most `count` values.
  std::vector<T> get_batch(std::size_t count) {
    std::vector<T> values;
    while (values.size() < count) {
      std::optional<T> value = try_get();
      if (!value.has_value()) break;
      values.push_back(std::move(*value));
    }
    return values;
  }
  /// How many values are there now.
  std::size_t size() const {
    return static_cast<std::size_t>(ask(sync::Operation::queue_size).number);
  }
  /// Nothing more comes: who waits is told, what is there can still be taken.
  void close() { ask(sync::Operation::queue_close); }

  const std::string& name() const { return names().front(); }
  using Recipe = std::pair<std::string, std::uint64_t>;
  Recipe recipe() const { return {name(), maxsize_}; }
  static Queue from(Recipe recipe) {
    return Queue(std::move(recipe.first), static_cast<std::size_t>(recipe.second));
  }

 private:
  std::size_t maxsize_;
};

/// One value that is set by anybody and read by many.
template <class T>
class Variable : public detail::SyncObject {
 public:
  explicit Variable(std::string name = "variable") : SyncObject({std::move(name)}) {}

  void set(const T& value) {
    ask(sync::Operation::variable_set, forever, 0, detail::pack_payload(value));
  }
  /// Waits until it is set. Throws TimeoutError.
  T get(Timeout timeout = forever) const {
    const auto reply = ask(sync::Operation::variable_get, timeout);
    if (!reply.in_time) detail::throw_sync_timeout("the variable", names().front(), timeout);
    return detail::unpack_payload<T>(reply.payload);
  }
  /// It is not set any more.
  void erase() { ask(sync::Operation::variable_delete); }

  using Recipe = std::string;
  Recipe recipe() const { return names().front(); }
  static Variable from(Recipe name) { return Variable(std::move(name)); }
};

/// Sends to everybody who has a Subscriber of the topic.
template <class T>
class Publisher : public detail::SyncObject {
 public:
  explicit Publisher(std::string topic = "topic") : SyncObject({std::move(topic)}) {}

  /// Gives the number of subscribers. It does not wait for them to read.
  std::size_t publish(const T& value) {
    return static_cast<std::size_t>(
        ask(sync::Operation::topic_publish, forever, 0, detail::pack_payload(value)).number);
  }

  using Recipe = std::string;
  Recipe recipe() const { return names().front(); }
  static Publisher from(Recipe topic) { return Publisher(std::move(topic)); }
};

/// Gets what is published from now on, until it is destroyed. It stays where it is made.
template <class T>
class Subscriber : private detail::SyncObject {
 public:
  /// Of messages that were not read the last `kept_max` are kept; 0: all.
  explicit Subscriber(std::string topic, std::size_t kept_max = 0)
      : SyncObject({std::move(topic)}) {
    ask(sync::Operation::topic_subscribe, forever, static_cast<std::int64_t>(kept_max));
  }
  Subscriber(const Subscriber&) = delete;
  Subscriber& operator=(const Subscriber&) = delete;
  ~Subscriber() {
    try {
      ask(sync::Operation::topic_unsubscribe);
    } catch (...) {  // the run is over
    }
  }

  /// Waits for the next message. Throws TimeoutError.
  T get(Timeout timeout = forever) {
    std::optional<T> value = try_get(timeout);
    if (!value.has_value())
      detail::throw_sync_timeout("a message of the topic", names().front(), timeout);
    return std::move(*value);
  }
  /// The same, but nothing when the time was over first.
  std::optional<T> try_get(Timeout timeout = 0.0) {
    const auto reply = ask(sync::Operation::topic_next, timeout);
    if (!reply.in_time) return std::nullopt;
    dropped_ += static_cast<std::size_t>(reply.number);
    return detail::unpack_payload<T>(reply.payload);
  }
  /// Messages that were dropped because more than kept_max were not read, up to the last one read.
  std::size_t dropped() const { return dropped_; }

 private:
  std::size_t dropped_ = 0;
};

namespace detail {

template <class T>
struct CustomCodec<Queue<T>> : SyncCodec<Queue<T>> {};
template <class T>
struct CustomCodec<Variable<T>> : SyncCodec<Variable<T>> {};
template <class T>
struct CustomCodec<Publisher<T>> : SyncCodec<Publisher<T>> {};

}  // namespace detail
}  // namespace tutti
