#pragma once

/// as_completed: futures in the order in which they end. More may be added while iterating.

#include "tutti/detail/core.hpp"
#include "tutti/future.hpp"

#include <cstddef>
#include <iterator>
#include <utility>
#include <vector>

namespace tutti {

/// `for (auto& future : as_completed(futures)) use(future.result());` Each future comes once, when
/// its task has ended, well or not. add() and update() may be called while iterating; the loop ends
/// when nothing is left. One thread uses it.
template <class T>
class AsCompleted {
 public:
  AsCompleted() = default;
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

  /// Futures that have not come yet.
  std::size_t count() const { return left_; }
  bool is_empty() const { return left_ == 0; }
  /// True when one can be taken without waiting.
  bool has_ready() const { return queue_.has_ready(); }
  /// Waits for the next one. Throws TimeoutError after the time given at construction. Must not be
  /// called when empty.
  Future<T> next() {
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
  /// All that can be taken now, at least one (waits for it).
  std::vector<Future<T>> next_batch() {
    std::vector<Future<T>> batch{next()};
    while (left_ != 0 && has_ready()) batch.push_back(next());
    return batch;
  }

  class iterator {
   public:
    using value_type = Future<T>;
    using difference_type = std::ptrdiff_t;
    using iterator_category = std::input_iterator_tag;
    explicit iterator(AsCompleted* owner) : owner_(owner) { ++*this; }
    Future<T>& operator*() { return current_; }
    Future<T>* operator->() { return &current_; }
    iterator& operator++() {
      ended_ = owner_->is_empty();
      current_ = ended_ ? Future<T>() : owner_->next();
      return *this;
    }
    bool operator==(std::default_sentinel_t) const { return ended_; }

   private:
    AsCompleted* owner_;
    Future<T> current_;
    bool ended_ = false;
  };
  iterator begin() { return iterator(this); }
  std::default_sentinel_t end() const { return {}; }

 private:
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

}  // namespace tutti
