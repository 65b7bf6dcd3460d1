#include <boost/serialization/access.hpp>
#include <boost/serialization/vector.hpp>
#include <tutti/tutti.hpp>
#include <iostream>
// exceptions while reading / writing; MODE picks the way it travels
static int rank_here(){ const char* r=std::getenv("OMPI_COMM_WORLD_RANK"); return r?std::atoi(r):0; }
struct Boosty { std::vector<double> v; int bad=0;
  template<class A> void serialize(A& a,const unsigned){ a & bad; a & v; if constexpr(A::is_loading::value){ if(bad==1||(bad>=10&&rank_here()==bad-10)) throw std::runtime_error("I do not read"); } else if(bad==2) throw std::runtime_error("I do not write"); } };
struct Lopsided { std::vector<double> v; int bad=0;
  template<class A> void serialize(A& a,const unsigned){ a & bad; if constexpr(A::is_loading::value){ if(bad==1) return; } a & v; } };
struct Img { std::vector<double> d; int bad=0; Img()=default; explicit Img(std::size_t n,int b=0):d(n),bad(b){} };
template<> struct tutti::Buffers<Img>{
  static std::pair<std::size_t,int> shape(const Img&i){return {i.d.size(),i.bad};}
  static Img make(const std::pair<std::size_t,int>&s){ if(s.second==1||(s.second>=10&&rank_here()==s.second-10)) throw std::runtime_error("I do not make"); return Img(s.first,s.second);}
  static std::span<double> buffers(Img&i){return i.d;}
};
template<class T> T mk(std::size_t n,int bad){ T t; if constexpr(requires{t.d;}) t.d.assign(n,1.5); else t.v.assign(n,1.5); t.bad=bad; return t; }
template<class T> std::size_t sz(const T&t){ if constexpr(requires{t.d;}) return t.d.size(); else return t.v.size(); }
template<class T> int go(tutti::Client& c,const std::string& mode,std::size_t n,int bad){
  auto t=[&](auto f){ try{ f(); std::cout<<"  no exception\n";}catch(const std::exception&e){ std::cout<<"  threw "<<std::string(e.what()).substr(0,300)<<"\n";} };
  if(mode=="arg") t([&]{ auto f=c.submit([](const T&x){return sz(x);}, mk<T>(n,bad)); std::cout<<f.result()<<"\n"; });
  if(mode=="result") t([&]{ auto f=c.submit([](std::size_t n,int bad){return mk<T>(n,bad);}, n,bad); std::cout<<sz(f.result())<<"\n"; });
  if(mode=="result2") t([&]{ auto f=c.submit([](std::size_t n,int bad){return mk<T>(n,bad);}, n,bad); std::cout<<sz(c.gather(std::vector{f,f})[0])<<"\n"; });
  if(mode=="between") t([&]{ std::vector<tutti::Future<T>> fs; for(int i=0;i<6;++i) fs.push_back(c.submit([](std::size_t n,int bad){return mk<T>(n,bad);}, n,bad)); auto f=c.submit([](const std::vector<T>&x){return sz(x[0]);}, fs); std::cout<<f.result()<<"\n"; });
  if(mode=="broadcast") t([&]{ auto f=c.broadcast(mk<T>(n,bad)); std::cout<<c.submit([](const T&x){return sz(x);}, f).result()<<"\n"; });
  if(mode=="scatter") t([&]{ auto f=c.scatter(mk<T>(n,bad)); std::cout<<c.submit([](const T&x){return sz(x);}, f).result()<<"\n"; });
  if(mode=="scatterseq") t([&]{ std::vector<T> v; for(int i=0;i<6;++i) v.push_back(mk<T>(n,i==3?bad:0)); auto f=c.scatter(v); std::cout<<c.gather(f).size()<<"\n"; });
  if(mode=="mapargs") t([&]{ std::vector<T> v; for(int i=0;i<6;++i) v.push_back(mk<T>(n,i==3?bad:0)); auto f=c.map([](const T&x){return sz(x);},v); std::cout<<c.gather(f).size()<<"\n"; });
  if(mode=="mapconst") t([&]{ auto f=c.map([](int,const T&x){return sz(x);},tutti::range(20),tutti::constant(mk<T>(n,bad))); std::cout<<c.gather(f).size()<<"\n"; });
  if(mode=="mapres") t([&]{ auto f=c.map([](int i,std::size_t n,int bad){return mk<T>(n,i==3?bad:0);},tutti::range(6),tutti::constant(n),tutti::constant(bad)); std::cout<<c.gather(f).size()<<"\n"; });
  if(mode=="replicate") t([&]{ auto f=c.submit([](std::size_t n,int bad){return mk<T>(n,bad);}, n,bad); c.replicate(f); });
  if(mode=="replicatemap") t([&]{ auto f=c.map([](int i,std::size_t n,int bad){return mk<T>(n,i==3?bad:0);},tutti::range(6),tutti::constant(n),tutti::constant(bad)); c.replicate(f); });
  if(mode=="rebalance") t([&]{ std::vector<tutti::Future<T>> fs; for(int i=0;i<7;++i) fs.push_back(c.submit([](std::size_t n,int bad){return mk<T>(n,bad);}, n,bad)); tutti::wait(fs); std::cout<<c.rebalance({.workers={1}})<<" "; std::cout<<c.rebalance()<<"\n"; });
  if(mode=="run") t([&]{ auto f=c.run([](const T&x){return sz(x);}, mk<T>(n,bad)); std::cout<<f.size()<<"\n"; });
  t([&]{ std::cout<<"after: "<<c.submit([](int x){return x*2;},21).result()<<"\n"; });
  return 0;
}
int main(int argc,char**argv){
  std::string type=argv[1],mode=argv[2]; std::size_t n=std::stoul(argv[3]); int bad=std::stoi(argv[4]);
  return tutti::run(argc,argv,[=](tutti::Client& c)->int{
    if(type=="boost") return go<Boosty>(c,mode,n,bad);
    if(type=="lop") return go<Lopsided>(c,mode,n,bad);
    return go<Img>(c,mode,n,bad);
  });
}
