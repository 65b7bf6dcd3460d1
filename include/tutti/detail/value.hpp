#pragma once

/// Value: an immutable, reference-counted object whose type is known by a table of functions. What
/// the store of a rank holds, and what a future holds once its result is here.

#include "tutti/bytes.hpp"
#include "tutti/detail/number_form.hpp"

#include <atomic>
#include <cstdint>
#include <string>
#include <utility>

namespace tutti::detail {

class Value;

/// What can be done with a value without knowing its type. One constant object per type; its
/// address travels between ranks as (module, offset).
struct ValueOps {
  std::string (*type_name)();
  void (*destroy)(Value*) noexcept;
  /// Estimated bytes of memory, without the Value itself. Throws what a user's serialize function
  /// throws.
  std::uint64_t (*nbytes)(const Value&);
  /// Null when the type cannot travel (move-only, or not serializable).
  void (*write)(const Value&, Writer&);
  /// A new value with one reference. Out-of-band buffers are noted in the reader and filled later.
  /// Null like `write`.
  Value* (*read)(Reader&);
  /// True when the value is plain bytes, so that reading runs no user code and cannot fail.
  bool plain_bytes;
  /// For a sequence of elements (`Elements<T>`): writes elements [begin, begin + count) as a
  /// sequence of their own. Null for all other types.
  void (*write_slice)(const Value&, std::uint64_t begin, std::uint64_t count, Writer&) = nullptr;
  /// How it stands in files; of a sequence, how its elements do.
  NumberForm form = {};
};

class Value {
 public:
  explicit Value(const ValueOps& ops) noexcept : ops_(&ops) {}
  Value(const Value&) = delete;
  Value& operator=(const Value&) = delete;

  const ValueOps& ops() const noexcept { return *ops_; }
  void retain() const noexcept { references_.fetch_add(1, std::memory_order_relaxed); }
  void release() const noexcept {
    if (references_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
    if (has_company_) [[unlikely]]
      part_from_company();
    ops_->destroy(const_cast<Value*>(this));
  }
  bool is_shared() const noexcept { return references_.load(std::memory_order_acquire) > 1; }
  /// Its buffers lie in memory that other processes read: nobody may move from it. Says so for
  /// good.
  void forbid_moves() const noexcept { is_common_.store(true, std::memory_order_relaxed); }
  bool is_common() const noexcept { return is_common_.load(std::memory_order_relaxed); }

 protected:
  ~Value() = default;

 private:
  friend struct ValueCompany;
  /// Empties what points into memory that is not the value's own, and drops what was kept for it.
  void part_from_company() const noexcept;

  mutable std::atomic<std::uint32_t> references_{1};
  mutable std::atomic<bool> is_common_{false};
  mutable bool has_company_ = false;  ///< ValueCompany has something for it
  const ValueOps* ops_;
};

/// Owns one reference to a Value.
class ValuePtr {
 public:
  ValuePtr() = default;
  /// Takes over the caller's reference.
  explicit ValuePtr(Value* value) noexcept : value_(value) {}
  ValuePtr(const ValuePtr& other) noexcept : value_(other.value_) {
    if (value_ != nullptr) value_->retain();
  }
  ValuePtr(ValuePtr&& other) noexcept : value_(std::exchange(other.value_, nullptr)) {}
  ValuePtr& operator=(ValuePtr other) noexcept {
    std::swap(value_, other.value_);
    return *this;
  }
  ~ValuePtr() {
    if (value_ != nullptr) value_->release();
  }

  Value* get() const noexcept { return value_; }
  Value& operator*() const noexcept { return *value_; }
  Value* operator->() const noexcept { return value_; }
  explicit operator bool() const noexcept { return value_ != nullptr; }
  Value* release() noexcept { return std::exchange(value_, nullptr); }

 private:
  Value* value_ = nullptr;
};

/// A value of a known type. `value_ops<T>` is in tutti/detail/value_ops.hpp.
template <class T>
class TypedValue final : public Value {
 public:
  template <class... Args>
  explicit TypedValue(const ValueOps& ops, Args&&... args)
      : Value(ops), value(std::forward<Args>(args)...) {}
  T value;
};

}  // namespace tutti::detail
