#include "tutti/boost.hpp"
#include "tutti/serialize.hpp"

#include <boost/serialization/base_object.hpp>
#include <boost/serialization/export.hpp>
#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <list>
#include <map>
#include <memory>
#include <numeric>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <variant>
#include <vector>

namespace {

using tutti::Error;
using tutti::ErrorCode;
using tutti::Reader;
using tutti::Writer;
using tutti::detail::read_value;
using tutti::detail::write_value;

constexpr std::size_t out_of_band_from = 4096;

struct Message {
  std::vector<std::byte> bytes;
  std::vector<std::uint64_t> sizes;
};

template <class T>
Message pack(const T& value, std::size_t threshold) {
  Writer writer(threshold);
  write_value(writer, value);
  Message message;
  message.bytes.assign(writer.bytes().begin(), writer.bytes().end());
  for (const auto& buffer : writer.buffers()) message.sizes.push_back(buffer.size);
  return message;
}

std::vector<double> many(std::size_t count) {
  std::vector<double> numbers(count);
  std::iota(numbers.begin(), numbers.end(), 0.5);
  return numbers;
}

struct Empty {};

struct Settings {
  std::string name = {};
  int counts[3] = {};
  std::string labels[2] = {};
  std::optional<double> tolerance = {};
  bool (*function)(int) = nullptr;
};

struct Tree {
  std::string name;
  std::vector<Tree> children;
};

class Hidden {
 public:
  Hidden() = default;
  explicit Hidden(std::string name) : name_(std::move(name)), numbers_(many(4)), maybe_(3) {}

 private:
  friend class boost::serialization::access;
  template <class Archive>
  void serialize(Archive& archive, unsigned int) {
    archive& name_& numbers_& maybe_;
  }
  std::string name_;
  std::vector<double> numbers_;
  std::optional<int> maybe_;
};

struct Animal {
  virtual ~Animal() = default;
  int id = 0;
  template <class Archive>
  void serialize(Archive& archive, unsigned int) {
    archive& id;
  }
};
struct Bird : Animal {
  double wings = 0;
  template <class Archive>
  void serialize(Archive& archive, unsigned int) {
    archive& boost::serialization::base_object<Animal>(*this) & wings;
  }
};

/// Whatever is done to the bytes, reading gives a value or an Error.
template <class T>
void survives_corruption(const T& value, std::size_t threshold = Writer::all_inline) {
  const Message message = pack(value, threshold);
  const auto attempt = [](const Message& damaged) {
    Reader reader(damaged.bytes, damaged.sizes);
    try {
      T read{};
      read_value(reader, read);
      for (std::size_t index = 0; index < reader.destinations().size(); ++index) {
        const auto& destination = reader.destinations()[index];
        if (destination.size != 0) std::memset(destination.data, 0x55, destination.size);
      }
    } catch (const Error&) {
    }
  };
  for (std::size_t size = 0; size < message.bytes.size(); ++size) {
    Message damaged = message;
    damaged.bytes.resize(size);
    attempt(damaged);
  }
  for (std::size_t bit = 0; bit < message.bytes.size() * 8; ++bit) {
    Message damaged = message;
    damaged.bytes[bit / 8] ^= std::byte{1} << (bit % 8);
    attempt(damaged);
  }
  for (std::size_t at = 0; at < message.bytes.size(); ++at) {
    Message damaged = message;
    for (std::size_t next = at; next < std::min(at + 8, damaged.bytes.size()); ++next) {
      damaged.bytes[next] = std::byte{0xff};
    }
    attempt(damaged);
  }
}

template <class T>
ErrorCode code_of_reading(const std::vector<unsigned char>& numbers) {
  Reader reader(std::as_bytes(std::span(numbers)));
  try {
    read_value<T>(reader);
  } catch (const Error& error) {
    return error.code();
  }
  return ErrorCode::not_running;
}

}  // namespace

BOOST_CLASS_EXPORT(Bird)

TEST_CASE("damaged bytes give a value or an error") {
  survives_corruption(many(5));
  survives_corruption(many(600), out_of_band_from);
  survives_corruption(std::string(100, 'x'));
  survives_corruption(std::vector<std::string>{"one", "", "three"});
  survives_corruption(std::vector<std::string>{"one", std::string(90, 'x')}, 1);
  survives_corruption(std::vector<bool>(21, true));
  survives_corruption(std::vector<Empty>(3));
  survives_corruption(std::vector<std::tuple<>>(3));
  survives_corruption(std::list<std::vector<int>>{{1}, {2, 3}});
  survives_corruption(std::map<std::string, std::vector<double>>{{"a", many(3)}, {"b", {}}});
  survives_corruption(std::unordered_map<int, std::string>{{1, "a"}, {2, "b"}});
  survives_corruption(std::set<std::string>{"a", "b"});
  survives_corruption(std::unordered_multiset<int>{1, 1});
  survives_corruption(std::optional<std::string>("text"));
  survives_corruption(std::variant<int, std::string>("text"));
  survives_corruption(std::filesystem::path("/some/where"));
  survives_corruption(std::make_unique<std::string>("text"));
  survives_corruption(Settings{.name = "name"});
  survives_corruption(Tree{"root", {{"leaf", {}}}});
  survives_corruption(Hidden("name"));
  survives_corruption(std::vector<Hidden>(2, Hidden("name")));
  survives_corruption(std::vector<std::shared_ptr<Animal>>{std::make_shared<Bird>(), nullptr});
}

TEST_CASE("bytes that are no value of the type are corrupt data") {
  CHECK(code_of_reading<bool>({2}) == ErrorCode::corrupt_data);
  CHECK(code_of_reading<std::optional<int>>({2, 0, 0, 0, 0}) == ErrorCode::corrupt_data);
  CHECK(code_of_reading<std::variant<int, bool>>({2, 0, 0, 0, 0, 0}) == ErrorCode::corrupt_data);
  CHECK(code_of_reading<std::unique_ptr<int>>({7, 0, 0, 0, 0}) == ErrorCode::corrupt_data);
  CHECK(code_of_reading<std::vector<int>>({3 << 1, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3}) ==
        ErrorCode::corrupt_data);
  CHECK(code_of_reading<std::vector<std::tuple<>>>({255, 255, 255, 255, 255, 255, 255, 127}) ==
        ErrorCode::corrupt_data);
  CHECK(code_of_reading<std::vector<bool>>({255, 255, 255, 255, 255, 255, 255, 255}) ==
        ErrorCode::corrupt_data);
  CHECK(code_of_reading<std::vector<int>>({}) == ErrorCode::corrupt_data);
}
