#pragma once

/// Handle: what the futures of a task, or of a map, share.

#include "tutti/detail/value.hpp"
#include "tutti/error.hpp"
#include "tutti/ids.hpp"
#include "tutti/status.hpp"

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <utility>

namespace tutti::detail {

struct Watchers;
class Lineage;

using FailurePtr = std::shared_ptr<const TaskFailure>;

/// What futures of one task, or of one map, share. Counted; freed by the core when the last future
/// is gone.
struct Handle {
  std::atomic<std::uint32_t> references{1};
  std::atomic<Status> status{Status::pending};
  /// Somebody asked how it went, so a failure is not silent.
  std::atomic<bool> observed{false};
  const bool is_group;
  /// Owns nothing: another rank, or another part of this one, keeps what it names.
  bool is_lent = false;
  /// Which run it belongs to.
  std::uint32_t epoch = 0;
  TaskId id;
  FailurePtr failure;
  std::unique_ptr<Watchers> watchers;
  /// What its results follow from; null when there is no journal.
  std::shared_ptr<const Lineage> lineage;

  explicit Handle(bool group);
  ~Handle();
};

struct FutureState final : Handle {
  FutureState() : Handle(false) {}
  const ValueOps* ops = nullptr;  ///< of the result; null for void
  /// The result once it is on rank 0: the value, or a SerializedValue that was not read yet.
  ValuePtr value;
  /// The result is on rank 0 for good: `value` does not change any more and may be read without the
  /// lock.
  std::atomic<bool> here{false};
  /// What the result counts in rank 0's budget for results that came inside reports.
  std::uint32_t inline_bytes = 0;
};

struct GroupState final : Handle {
  GroupState() : Handle(true) {}
  std::uint64_t total = 0;
  /// Stretches of results that were brought to rank 0 for single elements, by begin.
  std::map<std::uint64_t, ValuePtr> here;
  /// Single elements of stretches too large to bring whole.
  std::map<std::uint64_t, ValuePtr> singles;
  /// Failed elements.
  std::map<std::uint64_t, FailurePtr> failures;
};

void release_handle(Handle* handle) noexcept;

/// Owns one reference to a Handle.
class HandlePtr {
 public:
  HandlePtr() = default;
  explicit HandlePtr(Handle* handle) noexcept : handle_(handle) {}
  HandlePtr(const HandlePtr& other) noexcept : handle_(other.handle_) {
    if (handle_ != nullptr) handle_->references.fetch_add(1, std::memory_order_relaxed);
  }
  HandlePtr(HandlePtr&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  HandlePtr& operator=(HandlePtr other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~HandlePtr() {
    if (handle_ != nullptr && handle_->references.fetch_sub(1, std::memory_order_acq_rel) == 1)
      release_handle(handle_);
  }
  Handle* get() const noexcept { return handle_; }
  Handle* operator->() const noexcept { return handle_; }
  Handle& operator*() const noexcept { return *handle_; }
  explicit operator bool() const noexcept { return handle_ != nullptr; }
  GroupState& group() const noexcept { return static_cast<GroupState&>(*handle_); }
  FutureState& task() const noexcept { return static_cast<FutureState&>(*handle_); }

 private:
  Handle* handle_ = nullptr;
};

/// The index of a Target that means a whole map.
inline constexpr std::uint64_t whole_group = ~std::uint64_t{0};

/// A future named without its type: a task, or one element of a map.
struct Target {
  Handle* handle = nullptr;
  std::uint64_t index = 0;
};

}  // namespace tutti::detail
