#pragma once

/// as_completed: futures in the order in which they end. More may be added while iterating.

#include "tutti/detail/core.hpp"
#include "tutti/future.hpp"

#include <cstddef>
#include <iterator>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace tutti {

/// A future that has ended, and its result, which is valid as long as a copy of the future lives.
template <class T>
struct FutureAndResult {
  Future<T> future;
  const T& result;

  /// Throws TaskFailed when the task failed.
  explicit FutureAndResult(Future<T> ended) : future(std::move(ended)), result(future.result()) {}
};

/// Says to as_completed() that results are wanted together with their futures.
struct WithResults {};
inline constexpr WithResults with_results{};

/// `for (auto& future : as_completed(futures)) use(future.result());` Each future comes once, when
/// its task has ended, well or not. add() and update() may be called while iterating; the loop ends
/// when nothing is left. One thread uses it. `Item` is Future<T> or FutureAndResult<T>.
template <class T, class Item = Future<T>>
class AsCompleted {
 public:
  AsCompleted() = default;
  /// next() waits no longer than `timeout`.
  explicit AsCompleted(const std::vector<Future<T>>& futures, Timeout timeout = forever)
      : timeout_(timeout) {
    update(futures);
  }
  explicit AsCompleted(const Futures<T>& futures, Timeout timeout = forever) : timeout_(timeout) {
    update(futures);
  }

  void add(const Future<T>& future) {
    queue_.add(detail::target_of(future), tags_.size());
    tags_.push_back(future);
    ++left_;
  }
  void update(const std::vector<Future<T>>& futures) {
    for (const Future<T>& future : futures) add(future);
  }
  void update(const Futures<T>& futures) {
    if (futures.empty()) return;
    queue_.add({futures.handle().get(), detail::whole_group}, tags_.size());
    tags_.push_back(futures[0]);
    left_ += futures.size();
  }
  /// Forgets the futures that have not come yet.
  void clear() {
    queue_ = {};
    tags_.clear();
    left_ = 0;
  }

  /// Futures that have not come yet.
  std::size_t count() const { return left_; }
  bool is_empty() const { return left_ == 0; }
  /// True when one can be taken without waiting.
  bool has_ready() const { return left_ != 0 && queue_.has_ready(); }
  /// Waits for the next one. Throws TimeoutError after the time given at construction. Must not be
  /// called when empty.
  Item next() { return Item(next_future()); }
  /// All that can be taken now. `block`: at least one (waits for it), when one is left; else there
  /// may be none.
  std::vector<Item> next_batch(bool block = true) {
    std::vector<Item> batch;
    if (block && left_ != 0) batch.push_back(next());
    while (has_ready()) batch.push_back(next());
    return batch;
  }

  /// Takes one after the other, a future or a batch, until nothing is left.
  template <class Element, Element (AsCompleted::*take)()>
  class Iterator {
   public:
    using value_type = Element;
    using difference_type = std::ptrdiff_t;
    using iterator_category = std::input_iterator_tag;
    explicit Iterator(AsCompleted* owner) : owner_(owner) { ++*this; }
    Element& operator*() { return *current_; }
    Element* operator->() { return &*current_; }
    Iterator& operator++() {
      current_.reset();
      if (!owner_->is_empty()) current_.emplace((owner_->*take)());
      return *this;
    }
    bool operator==(std::default_sentinel_t) const { return !current_; }

   private:
    AsCompleted* owner_;
    std::optional<Element> current_;
  };
  using iterator = Iterator<Item, &AsCompleted::next>;
  iterator begin() { return iterator(this); }
  std::default_sentinel_t end() const { return {}; }

  /// `for (auto& batch : completed.batches())`: what next_batch() gives, until nothing is left.
  class Batches {
   public:
    explicit Batches(AsCompleted* owner) : owner_(owner) {}
    auto begin() const {
      return Iterator<std::vector<Item>, &AsCompleted::next_batch_or_wait>(owner_);
    }
    std::default_sentinel_t end() const { return {}; }

   private:
    AsCompleted* owner_;
  };
  Batches batches() { return Batches(this); }

 private:
  std::vector<Item> next_batch_or_wait() { return next_batch(); }
  Future<T> next_future() {
    if (left_ == 0) {
      throw Error(ErrorCode::bad_argument,
                  "as_completed has no futures left; ask is_empty() before next()");
    }
    detail::CompletionQueue::Completion completion;
    if (!queue_.next(completion, timeout_)) {
      throw TimeoutError("as_completed waited " + std::to_string(timeout_.seconds()) +
                         " s and no further task has ended");
    }
    --left_;
    const Future<T>& future = tags_[completion.tag];
    if (!future.handle()->is_group) return std::exchange(tags_[completion.tag], Future<T>());
    return Future<T>(future.handle(), completion.index);
  }

  detail::CompletionQueue queue_;
  /// By tag. Elements of a map share the tag of their map.
  std::vector<Future<T>> tags_;
  std::size_t left_ = 0;
  Timeout timeout_;
};

template <class T>
AsCompleted<T> as_completed(const std::vector<Future<T>>& futures, Timeout timeout = forever) {
  return AsCompleted<T>(futures, timeout);
}
template <class T>
AsCompleted<T> as_completed(const Futures<T>& futures, Timeout timeout = forever) {
  return AsCompleted<T>(futures, timeout);
}
/// `for (auto& [future, result] : as_completed(futures, with_results))`. Taking one whose task
/// failed throws its TaskFailed; the next one can be taken afterwards.
template <class T>
AsCompleted<T, FutureAndResult<T>> as_completed(const std::vector<Future<T>>& futures, WithResults,
                                                Timeout timeout = forever) {
  return AsCompleted<T, FutureAndResult<T>>(futures, timeout);
}
template <class T>
AsCompleted<T, FutureAndResult<T>> as_completed(const Futures<T>& futures, WithResults,
                                                Timeout timeout = forever) {
  return AsCompleted<T, FutureAndResult<T>>(futures, timeout);
}

}  // namespace tutti
