#include "journal/frame.hpp"

#include <doctest/doctest.h>

#include <cstring>
#include <random>
#include <string>

using namespace tutti;
using namespace tutti::journal;

namespace {

std::vector<std::byte> bytes_of(const FrameBatch& batch) {
  std::vector<std::byte> all;
  for (const ConstBuffer& piece : batch.pieces())
    all.insert(all.end(), piece.data, piece.data + piece.size);
  return all;
}

std::span<const std::byte> as_bytes(const std::string& text) {
  return std::as_bytes(std::span(text));
}

struct Seen {
  std::vector<std::uint64_t> sequences;
  std::vector<std::string> texts;
};
Scan look(std::span<const std::byte> bytes, Seen& seen) {
  return scan(bytes, [&](const Frame& frame) {
    seen.sequences.push_back(frame.sequence);
    seen.texts.emplace_back(reinterpret_cast<const char*>(frame.payload.data()),
                            frame.payload.size());
  });
}

/// Three frames; the second has a piece that is not copied.
struct Three {
  std::string large = std::string(100'000, 'x');
  std::vector<std::byte> bytes;
  std::size_t second = 0;
  std::size_t third = 0;
  Three() {
    FrameBatch batch;
    batch.add(7, as_bytes("one"));
    second = batch.bytes();
    const ConstBuffer piece{reinterpret_cast<const std::byte*>(large.data()), large.size(), false};
    batch.add(8, as_bytes("two "), {&piece, 1});
    third = batch.bytes();
    batch.add(9, as_bytes(""));
    bytes = bytes_of(batch);
    REQUIRE(bytes.size() == batch.bytes());
  }
};

}  // namespace

TEST_CASE("frames come back in order, with pieces that were not copied") {
  const Three three;
  Seen seen;
  const Scan result = look(three.bytes, seen);
  CHECK(seen.sequences == std::vector<std::uint64_t>{7, 8, 9});
  CHECK(seen.texts == std::vector<std::string>{"one", "two " + three.large, ""});
  CHECK(result.valid_bytes == three.bytes.size());
  CHECK(result.torn_bytes == 0);
  CHECK(result.damages.empty());
}

TEST_CASE("wherever the end is torn off, what is before it is whole and the rest is torn") {
  const Three three;
  for (std::size_t size = 0; size < three.bytes.size(); size += size < 200 ? 1 : 997) {
    Seen seen;
    const Scan result = look(std::span(three.bytes).first(size), seen);
    CHECK(result.damages.empty());
    CHECK(seen.sequences.size() == (size >= three.third ? 2u : size >= three.second ? 1u : 0u));
    CHECK(result.valid_bytes + result.torn_bytes == size);
  }
}

TEST_CASE("a changed byte before a valid frame is damage, and says between which results") {
  const Three three;
  std::mt19937 random(1);
  for (int round = 0; round < 300; ++round) {
    std::vector<std::byte> bytes = three.bytes;
    const std::size_t at = random() % three.third;
    bytes[at] ^= std::byte{static_cast<unsigned char>(1 + random() % 255)};
    Seen seen;
    const Scan result = look(bytes, seen);
    REQUIRE(result.damages.size() == 1);
    const Damage& damage = result.damages.front();
    CHECK(damage.begin <= at);
    CHECK(at < damage.end);
    CHECK(damage.has_before == (at >= three.second));
    CHECK(damage.sequence_after == (at >= three.second ? 9 : 8));
    CHECK(seen.sequences.size() == 2);
  }
}

TEST_CASE("a changed byte in the last frame is a torn end") {
  const Three three;
  std::vector<std::byte> bytes = three.bytes;
  bytes[three.third + 9] ^= std::byte{1};
  Seen seen;
  const Scan result = look(bytes, seen);
  CHECK(result.damages.empty());
  CHECK(result.valid_bytes == three.third);
  CHECK(result.torn_bytes == bytes.size() - three.third);
}

TEST_CASE("zeros at the end, as a file system may leave them, are a torn end") {
  const Three three;
  std::vector<std::byte> bytes = three.bytes;
  bytes.resize(bytes.size() + 5000);
  Seen seen;
  const Scan result = look(bytes, seen);
  CHECK(result.torn_bytes == 5000);
  CHECK(seen.sequences.size() == 3);
}
