#include "client/repeated_constants.hpp"

#include "client/content_key.hpp"

#include <fmt/format.h>

namespace tutti::client_module {
namespace {

/// Smaller arguments cost little to send again, in bytes.
constexpr std::uint64_t bytes_min = 1 << 20;
/// Calls with arguments of one type and size before contents are looked at.
constexpr std::uint32_t calls_unwatched = 4;
/// Equal contents, one after the other, that are worth a warning.
constexpr std::uint32_t equal_max = 4;
/// Values that change are not hashed for ever.
constexpr std::uint32_t hashed_max = 16;
/// Types and sizes that are told apart.
constexpr std::size_t kinds_max = 1024;

}  // namespace

std::string RepeatedConstants::note(const detail::Value& value, std::uint64_t bytes) {
  if (bytes < bytes_min || value.ops().write == nullptr) return {};
  if (seen_.size() >= kinds_max) seen_.clear();
  Seen& seen = seen_[{&value.ops(), bytes}];
  if (++seen.calls <= calls_unwatched || seen.warned || seen.hashed >= hashed_max) return {};
  ++seen.hashed;
  const base::ContentHash hash = hash_of(value);
  seen.equal = seen.equal != 0 && hash == seen.last ? seen.equal + 1 : 1;
  seen.last = hash;
  if (seen.equal < equal_max) return {};
  seen.warned = true;
  return fmt::format(
      "the same {} of {:.1f} MB was passed to at least {} calls, and each sends it again. Send it "
      "once: auto data = client.scatter({{.broadcast = true}}, value); then client.submit(f, data, "
      "...)",
      value.ops().type_name(), static_cast<double>(bytes) / 1e6, seen.equal);
}

}  // namespace tutti::client_module
