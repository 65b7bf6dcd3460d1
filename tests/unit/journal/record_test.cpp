#include "journal/record.hpp"

#include "scratch.hpp"

#include <doctest/doctest.h>

#include <random>

using namespace tutti;
using namespace tutti::journal;

namespace {

template <class T>
Bytes encoded(const T& record, std::span<const std::byte> behind = {}) {
  Writer writer;
  encode(writer, record);
  writer.raw(behind.data(), behind.size());
  return writer.take();
}

}  // namespace

TEST_CASE("records come back as they were written") {
  const Definition definition{3, test::lists};
  CHECK(std::get<Definition>(decode(encoded(definition))) == definition);

  const std::vector<std::byte> bytes(12, std::byte{5});
  Results results{3, 17, {1, 2, 4}, {test::key_of(1), test::key_of(2)}, {8, 4}, bytes};
  const Bytes stream = encoded(results, bytes);
  CHECK(std::get<Results>(decode(stream)) == results);

  const Failure failure{3, 9, {1, 2, 4}, test::key_of(5), "std::runtime_error", "no"};
  CHECK(std::get<Failure>(decode(encoded(failure))) == failure);
}

TEST_CASE("whatever the bytes are, decoding gives a record or corrupt_data") {
  const std::vector<std::byte> bytes(12, std::byte{5});
  const std::vector<Bytes> streams = [&] {
    std::vector<Bytes> all;
    all.push_back(encoded(Definition{3, test::lists}));
    all.push_back(encoded(Results{3, 17, {1, 2, 4}, {test::key_of(1)}, {12}, {}}, bytes));
    all.push_back(encoded(Failure{3, 9, {1, 2, 4}, test::key_of(5), "t", "m"}));
    return all;
  }();
  std::mt19937 random(3);
  int refused = 0;
  for (int round = 0; round < 3000; ++round) {
    const Bytes& stream = streams[random() % streams.size()];
    Bytes changed = Bytes::copy_of(stream);
    changed.data()[random() % changed.size()] ^= std::byte{static_cast<unsigned char>(random())};
    const std::size_t size = random() % 2 == 0 ? changed.size() : random() % changed.size();
    try {
      (void)decode(changed.span().first(size));
    } catch (const Error& error) {
      CHECK(error.code() == ErrorCode::corrupt_data);
      ++refused;
    }
  }
  CHECK(refused > 100);
}
