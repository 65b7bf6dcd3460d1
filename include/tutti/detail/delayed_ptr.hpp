#pragma once

/// DelayedPtr: shares a call that is not submitted yet.

#include <utility>

namespace tutti::detail {

struct DelayedCall;

void retain_delayed(DelayedCall* call) noexcept;
/// Frees the call with its last reference, and what only it held, however deep.
void release_delayed(DelayedCall* call) noexcept;

/// Owns one reference to a DelayedCall.
class DelayedPtr {
 public:
  DelayedPtr() = default;
  /// Takes over the caller's reference.
  explicit DelayedPtr(DelayedCall* call) noexcept : call_(call) {}
  DelayedPtr(const DelayedPtr& other) noexcept : call_(other.call_) {
    if (call_ != nullptr) retain_delayed(call_);
  }
  DelayedPtr(DelayedPtr&& other) noexcept : call_(std::exchange(other.call_, nullptr)) {}
  DelayedPtr& operator=(DelayedPtr other) noexcept {
    std::swap(call_, other.call_);
    return *this;
  }
  ~DelayedPtr() {
    if (call_ != nullptr) release_delayed(call_);
  }

  DelayedCall* get() const noexcept { return call_; }
  DelayedCall& operator*() const noexcept { return *call_; }
  DelayedCall* operator->() const noexcept { return call_; }
  DelayedCall* release() noexcept { return std::exchange(call_, nullptr); }
  explicit operator bool() const noexcept { return call_ != nullptr; }

 private:
  DelayedCall* call_ = nullptr;
};

}  // namespace tutti::detail
