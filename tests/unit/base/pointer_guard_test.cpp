#include "base/pointer_guard.hpp"

#include "support/sanitizers.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <thread>

using namespace tutti::base;

namespace {

template <class Closure>
std::string found_in(const Closure& closure, Padding padding = Padding::cleared) {
  return find_pointer(std::as_bytes(std::span(&closure, 1)), padding).value_or("nothing");
}

bool contains(const std::string& text, const char* part) {
  return text.find(part) != std::string::npos;
}

// Objects of programs that are not position independent lie below 4 GiB, and small objects under
// the address sanitizer at addresses that look like two small integers: there nothing is looked
// for.
bool is_searched(const void* address) {
  const auto number = reinterpret_cast<std::uintptr_t>(address);
  return number >> 32 != 0 && (number & 0xffffffff) > (1u << 20);
}

}  // namespace

TEST_CASE("a captured reference to a local variable is found" *
          doctest::skip(tutti::testing::memory_is_watched)) {
  int local = 5;
  const auto closure = [&local] { return local; };
  CHECK(contains(found_in(closure), "the 8 bytes at position 0 point into the stack"));
}

TEST_CASE("pointers to the heap are found, at their position") {
  const auto number = std::make_unique<int>(5);
  const std::unique_ptr<double[]> large = std::make_unique<double[]>(1'000'000);
  if (is_searched(number.get())) {
    struct Captures {
      double factor;
      const int* pointer;
    };
    const std::string sentence = found_in(Captures{1.5, number.get()});
    CHECK(contains(sentence, "position 8"));
    CHECK(contains(sentence, "heap"));
  }
  CHECK(contains(found_in(large.get() + 1), "heap"));
}

TEST_CASE("pointers to code and to static data are named with their module") {
  const char* literal = "a string literal";
  if (is_searched(literal)) CHECK(contains(found_in(literal), "point to static data of "));
  const auto function = &contains;
  if (is_searched(reinterpret_cast<const void*>(function))) {
    CHECK(contains(found_in(function), "a pointer to a function must be passed as an argument"));
  }
}

TEST_CASE("a pointer into the stack of another thread is found") {
  int* pointer = nullptr;
  std::jthread([&pointer] {
    int local = 0;
    pointer = &local;
    CHECK(found_in(pointer) != "nothing");
  }).join();
}

TEST_CASE("memory that was mapped after the first look is found") {
  CHECK(found_in(std::array<double, 2>{1, 2}) == "nothing");
  const std::unique_ptr<char[]> mapped(new char[64u << 20]);
  CHECK(found_in(mapped.get() + (1u << 20) + 4096) != "nothing");
}

TEST_CASE("ordinary numbers and texts are no pointers") {
  CHECK(found_in(1.5) == "nothing");
  CHECK(found_in(std::uint64_t{4'200'000}) == "nothing");
  CHECK(found_in(std::uint64_t{1'700'000'000'000}) == "nothing");
  CHECK(found_in(std::int64_t{-1}) == "nothing");
  CHECK(found_in(nullptr) == "nothing");
  CHECK(found_in(std::array<int, 2>{5, 32767}) == "nothing");
  CHECK(found_in(std::array<char, 8>{'A', 'B', 'C', 'D', 'x', 'U', 0, 0}) == "nothing");
  CHECK(found_in(std::array<float, 4>{1, 2, 3, 4}) == "nothing");
  CHECK(found_in('x') == "nothing");
  CHECK(find_pointer({}) == std::nullopt);
}

TEST_CASE("a million random doubles, floats and pairs of integers hold no pointer") {
  std::mt19937_64 random(17);
  std::uniform_real_distribution<double> real(-1e6, 1e6);
  std::uniform_int_distribution<int> integer(-1'000'000, 1'000'000);
  for (int i = 0; i < 1'000'000; ++i) {
    const double number = real(random);
    const std::array<float, 2> floats{static_cast<float>(real(random)),
                                      static_cast<float>(real(random))};
    const std::array<int, 2> integers{integer(random), integer(random)};
    const bool nothing = !find_pointer(std::as_bytes(std::span(&number, 1))) &&
                         !find_pointer(std::as_bytes(std::span(floats))) &&
                         !find_pointer(std::as_bytes(std::span(integers)));
    if (!nothing) FAIL_CHECK("seed 17, round " << i);
  }
}

TEST_CASE("with unknown padding only a closure of nothing but pointers is reported") {
  int local = 5;
  struct Mixed {
    double factor;
    const int* perhaps_padding;
  };
  CHECK(found_in(Mixed{1.5, &local}, Padding::unknown) == "nothing");
  int other = 6;
  const auto closure = [&local, &other] { return local + other; };
  CHECK(contains(found_in(closure, Padding::unknown), "position 0"));
}

TEST_CASE("an odd number of bytes at the end is left alone") {
  const int local = 5;
  const void* pointer = &local;
  std::array<std::byte, 15> bytes{};
  std::memcpy(bytes.data() + 8, &pointer, 7);
  CHECK(find_pointer(bytes) == std::nullopt);
}
