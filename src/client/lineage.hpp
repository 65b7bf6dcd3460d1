#pragma once

/// Lineage: what results follow from, as hashes that are the same in every run of a program: the
/// function's name or the work's, arguments and captures, and the lineage of futures among them.

#include "base/content_hash.hpp"
#include "tutti/detail/core.hpp"
#include "tutti/detail/function_token.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace tutti::detail {

class Lineage {
 public:
  using Ptr = std::shared_ptr<const Lineage>;

  /// Of a single value.
  explicit Lineage(const base::ContentHash& base) : base_(base) {}
  /// Of a sequence whose elements have these.
  explicit Lineage(std::vector<base::ContentHash> elements);
  /// Of a map: what its elements have in common, and what feeds them.
  Lineage(const base::ContentHash& base, std::uint64_t total, const CallBuilder& builder);

  /// Of the value, or of one element.
  base::ContentHash at(std::uint64_t index) const;
  /// Of elements [begin, begin + count) together.
  base::ContentHash of_slice(std::uint64_t begin, std::uint64_t count) const;

 private:
  struct Numbers {
    std::vector<std::byte> range;
    std::size_t (*element)(const std::byte*, std::uint64_t, std::byte*) = nullptr;
  };
  base::ContentHash base_;
  bool is_group_ = false;
  std::vector<Numbers> numbers_;
  std::vector<Ptr> sources_;
  std::vector<base::ContentHash> elements_;
};

}  // namespace tutti::detail

namespace tutti::client_module {

/// Makes lineages. `work` names what a call does: the name and version of named work, else the
/// function.
class LineageMaker {
 public:
  LineageMaker();

  detail::Lineage::Ptr of_value(const detail::Value& value) const;
  detail::Lineage::Ptr of_sequence(const detail::Value& elements) const;
  /// Null when an input has none.
  detail::Lineage::Ptr of_call(const std::string& work, const detail::FunctionOps& function,
                               const detail::CallBuilder& builder) const;
  detail::Lineage::Ptr of_map(const std::string& work, const detail::FunctionOps& function,
                              std::uint64_t total, const detail::CallBuilder& builder) const;

 private:
  bool add_call(base::ContentHasher& hasher, const std::string& work,
                const detail::FunctionOps& function, const detail::CallBuilder& builder) const;
  void add_stream(base::ContentHasher& hasher, std::span<const std::byte> stream) const;
  base::ContentHash hash_of(const detail::Value& value) const;
  std::string symbol_of(const detail::FunctionToken& token) const;
  std::string result_name(const detail::FunctionOps& function) const;

  std::vector<std::uint64_t> modules_;
  mutable std::mutex mutex_;
  mutable std::unordered_map<const detail::ValueOps*, std::string> type_names_;
  mutable std::map<std::pair<std::uint64_t, std::uint64_t>, std::string> symbols_;  ///< by token
};

}  // namespace tutti::client_module
