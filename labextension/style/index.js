import './index.css';

// A domain's own style is a file in domains/: being there is enough.
const domains = import.meta.webpackContext('./domains', { regExp: /\.css$/ });
domains.keys().forEach(domains);
