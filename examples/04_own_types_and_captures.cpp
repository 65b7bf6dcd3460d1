/// Own types and captures: what travels to another rank, and how a function takes values with it.
///
/// Structs of values travel as they are, classes with hidden members by a serialize function as
/// Boost.Serialization wants it. Lambdas may capture plain numbers; tutti::bind carries the rest.

#include <boost/serialization/vector.hpp>
#include <tutti/boost.hpp>
#include <tutti/tutti.hpp>

#include <iostream>
#include <map>

/// An aggregate: nothing is to be written.
struct Station {
  std::string name;
  std::map<int, double> rain_by_month;
};

/// A class that hides its members.
class Polynomial {
 public:
  Polynomial() = default;
  explicit Polynomial(std::vector<double> coefficients) : coefficients_(std::move(coefficients)) {}
  double operator()(double x) const {
    double value = 0;
    for (double coefficient : coefficients_) value = value * x + coefficient;
    return value;
  }

 private:
  friend class boost::serialization::access;
  template <class Archive>
  void serialize(Archive& archive, unsigned /*version*/) {
    archive& coefficients_;
  }
  std::vector<double> coefficients_;
};

double total_rain(const Station& station) {
  double total = 0;
  for (const auto& [month, rain] : station.rain_by_month) total += rain;
  return total;
}

int main(int argc, char** argv) {
  return tutti::run(argc, argv, [](tutti::Client& client) {
    const Station station{"Potsdam", {{1, 45.5}, {2, 37.5}, {3, 40.0}}};
    const double rain = client.submit(total_rain, station).result();

    // A functor is a function whose members travel: 2 x^2 + 1 at 0, 1, 2, 3.
    const Polynomial polynomial({2, 0, 1});
    const auto values = client.gather(client.map(polynomial, std::vector<double>{0, 1, 2, 3}));

    // Plain numbers may be captured by value.
    const double factor = 0.5;
    const auto half = client.submit([factor](double x) { return factor * x; }, rain).result();

    // Strings, containers and classes are bound, and come as the first parameters.
    const auto greet = [](const std::string& word, const Station& place, int times) {
      std::string text;
      for (int i = 0; i < times; ++i) text += word + " ";
      return text + place.name;
    };
    const auto text = client.submit(tutti::bind(greet, "hello", station), 2).result();

    std::cout << rain << " " << half << " " << values[3] << " " << text << "\n";
    return rain == 123 && half == 61.5 && values == std::vector<double>{1, 3, 9, 19} &&
                   text == "hello hello Potsdam"
               ? 0
               : 1;
  });
}
