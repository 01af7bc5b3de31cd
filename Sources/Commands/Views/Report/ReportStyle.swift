import Core

/// How the page looks, and what a browser may do with it.
enum ReportStyle {
    /// Nothing is fetched, sent, or run; of styles only the sheet below, by its digest.
    static let policy =
        "default-src 'none'; style-src 'sha256-\(digest)'; base-uri 'none'; form-action 'none'"

    // CSP names a digest in base64, and `Digest` gives hex.
    private static let digest: String = {
        let digits = Array(Digest.sha256("\(css)".utf8))
        let bytes = stride(from: 0, to: digits.count, by: 2).compactMap {
            UInt8(String(digits[$0...($0 + 1)]), radix: 16)
        }
        return Base64.encode(bytes)
    }()

    /// Light and dark, narrow and wide, screen and paper.
    static let css: StaticString = """
        :root { color-scheme: light dark; --paper: #fdfdfb; --ink: #1d1f21; --soft: #62676d; --line: #e0e0da; --wash: #f4f4ef;
          --good: #1a6b3c; --bad: #a92a22; --warning: #855600; --place: #40609a;
          --good-wash: #e6f2ea; --bad-wash: #faeae8; --warning-wash: #f8f0dc; }
        @media (prefers-color-scheme: dark) { :root { --paper: #16181a; --ink: #e2e3e1; --soft: #979da3; --line: #303438;
          --wash: #1e2124; --good: #7cc698; --bad: #f0938a; --warning: #dcb363; --place: #93b0e4;
          --good-wash: #1b2c22; --bad-wash: #352020; --warning-wash: #322a19; } }
        * { box-sizing: border-box; }
        html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; scroll-behavior: smooth; }
        body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.55 system-ui, -apple-system, "Segoe UI",
          Roboto, "Helvetica Neue", sans-serif; overflow-wrap: anywhere; }
        main { max-width: 52rem; margin: 0 auto; padding: 3.5rem 1.5rem 5rem; }
        article + article { margin-top: 5rem; padding-top: 3.5rem; border-top: 3px solid var(--ink); }
        h1, h2 { font-family: ui-serif, "Iowan Old Style", Charter, Georgia, "Noto Serif", serif; font-weight: 600;
          line-height: 1.2; text-wrap: balance; }
        h1 { font-size: 2.2rem; letter-spacing: -0.015em; margin: .4rem 0 1.8rem; }
        h2 { font-size: 1.4rem; margin: 3.5rem 0 1.1rem; padding-bottom: .45rem; border-bottom: 1px solid var(--line); }
        h3 { font-size: 1rem; margin: 2.2rem 0 .6rem; display: flex; flex-wrap: wrap; gap: .35rem .7rem; align-items: center; }
        p { margin: 0 0 .4rem; }
        a { color: inherit; text-underline-offset: .2em; text-decoration-color: var(--line); }
        code, pre, .hash, .mono dd, time, .kicker, .number { font-family: ui-monospace, "SF Mono", "Cascadia Mono", Menlo, "DejaVu Sans Mono", monospace; }
        code { font-size: .82rem; color: var(--soft); }
        pre { margin: .5rem 0 .9rem; padding: .75rem .95rem; background: var(--wash); border: 1px solid var(--line);
          border-radius: 6px; font-size: .8rem; line-height: 1.55; white-space: pre-wrap; overflow: hidden; tab-size: 4; }
        blockquote { margin: .5rem 0 .1rem; font-family: ui-serif, "Iowan Old Style", Charter, Georgia, "Noto Serif", serif; font-size: 1.08rem; }
        .faint, .reason, .by { color: var(--soft); font-size: .88rem; }
        .kicker { display: flex; flex-wrap: wrap; gap: .4rem .8rem; align-items: center; font-size: .84rem; color: var(--soft); margin: 0; }
        .chip { font: 600 .74rem/1 system-ui, sans-serif; letter-spacing: .02em; padding: .34rem .62rem; border-radius: 99px;
          color: var(--soft); background: var(--wash); white-space: nowrap; }
        .chip.good { color: var(--good); background: var(--good-wash); }
        .chip.bad { color: var(--bad); background: var(--bad-wash); }
        .chip.warning { color: var(--warning); background: var(--warning-wash); }
        .alarm { padding: .8rem 1rem; margin: 0 0 1.5rem; border-radius: 6px; color: var(--bad); background: var(--bad-wash); font-weight: 600; }
        .facts { display: grid; grid-template-columns: max-content 1fr; gap: .45rem 1.5rem; margin: 0 0 1.4rem; }
        .facts dt { color: var(--soft); font-size: .88rem; line-height: 1.75; }
        .facts dd { margin: 0; }
        .mono dd { font-size: .82rem; line-height: 1.9; }
        .ends, .plain, .runs, .timeline, .steps { margin: 0; padding: 0; list-style: none; }
        .ends li { display: flex; flex-wrap: wrap; gap: .3rem .75rem; align-items: center; padding: .6rem 0; border-top: 1px solid var(--line); }
        .ends li:last-child { border-bottom: 1px solid var(--line); }
        .reason { flex: 1 1 16rem; }
        .runs li { display: flex; flex-wrap: wrap; gap: .3rem .75rem; align-items: center; padding: .65rem 0; border-top: 1px solid var(--line); }
        nav { margin-bottom: 5rem; }
        .card, .finding { padding: .85rem 1.1rem; margin: 0 0 .9rem; border-left: 3px solid var(--line); background: var(--wash); border-radius: 0 6px 6px 0; }
        .finding { margin: .7rem 0 0; background: var(--paper); border: 1px solid var(--line); border-left-width: 3px; }
        .card.good { border-left-color: var(--good); }
        .card.bad, .finding.bad { border-left-color: var(--bad); }
        .card.warning, .finding.warning { border-left-color: var(--warning); }
        .card > :last-child, .finding > :last-child { margin-bottom: 0; }
        .said { display: flex; flex-wrap: wrap; gap: .2rem .8rem; justify-content: space-between; align-items: baseline; }
        .remedy { font-weight: 600; }
        .timeline { --rail: 6.6rem; position: relative; margin: 1rem 0 0; }
        .timeline > li { position: relative; display: grid; grid-template-columns: 5.2rem 1fr; gap: 0 2.6rem; padding: .42rem 0; }
        .timeline > li::before { content: ""; position: absolute; left: var(--rail); top: 0; bottom: 0; width: 1px; background: var(--line); }
        .timeline > li:first-child::before { top: 1.1rem; }
        .timeline > li:last-child::before { bottom: calc(100% - 1.1rem); }
        .timeline > li::after { content: ""; position: absolute; left: calc(var(--rail) - .28rem); top: .92rem; width: .6rem; height: .6rem;
          border-radius: 50%; background: var(--paper); border: 2px solid var(--soft); }
        .timeline > .good::after { background: var(--good); border-color: var(--good); }
        .timeline > .bad::after { background: var(--bad); border-color: var(--bad); box-shadow: 0 0 0 4px var(--bad-wash); }
        .timeline > .warning::after { background: var(--warning); border-color: var(--warning); }
        .timeline > .quiet::after { width: .36rem; height: .36rem; left: calc(var(--rail) - .16rem); top: 1.04rem; border: 0; background: var(--line); }
        .timeline > .quiet .title { color: var(--soft); }
        .timeline > .bad .result, .timeline > .bad .title:only-child { color: var(--bad); }
        .timeline > .warning .result { color: var(--warning); }
        .timeline > .good .result { color: var(--good); }
        .timeline > li > div { min-width: 0; }
        time { font-size: .78rem; line-height: 1.95; color: var(--soft); text-align: right; white-space: pre-line; }
        .title { display: flex; flex-wrap: wrap; gap: 0 1rem; justify-content: space-between; align-items: baseline; margin: 0; }
        .title > span:first-child { flex: 1 1 18rem; }
        .marks { display: inline-flex; flex-wrap: wrap; gap: .1rem .65rem; align-items: baseline; }
        .mark { font-size: .8rem; font-variant-numeric: tabular-nums; }
        .mark.bad { color: var(--bad); font-weight: 600; }
        .by { font-size: .78rem; }
        .entry { font-size: .76rem; color: var(--soft); font-variant-numeric: tabular-nums; }
        .result { font-size: .92rem; margin: 0; }
        details { margin: .3rem 0 .5rem; }
        summary { cursor: pointer; font-size: .86rem; color: var(--soft); padding: .15rem 0; }
        summary:hover { color: var(--ink); }
        .field { font-size: .84rem; font-weight: 600; margin: .6rem 0 0; }
        .field + pre { margin-top: .25rem; }
        .diff { padding: .5rem 0; }
        .diff span { display: block; padding: 0 .95rem 0 2.1rem; text-indent: -1.2rem; }
        .diff .added { color: var(--good); background: var(--good-wash); }
        .diff .removed { color: var(--bad); background: var(--bad-wash); }
        .diff .place { color: var(--place); }
        .plain li, .steps li { margin: 0 0 .5rem; }
        .steps { counter-reset: step; }
        .steps li { counter-increment: step; position: relative; padding-left: 2rem; }
        .steps li::before { content: counter(step); position: absolute; left: 0; color: var(--soft); }
        table { width: 100%; border-collapse: collapse; font-size: .84rem; margin-top: .6rem; }
        th { text-align: left; font-weight: 500; color: var(--soft); }
        th, td { padding: .38rem .8rem .38rem 0; border-bottom: 1px solid var(--line); vertical-align: baseline; }
        .hash { font-size: .72rem; word-break: break-all; }
        tr:target { background: var(--warning-wash); }
        footer { margin-top: 4rem; padding-top: 1rem; border-top: 1px solid var(--line); font-size: .84rem; color: var(--soft); }
        @media (max-width: 40rem) {
          main { padding: 1.8rem 1.1rem 3rem; }
          h1 { font-size: 1.7rem; }
          .facts { grid-template-columns: 4.4rem minmax(0, 1fr); gap: .35rem .8rem; }
          .facts.mono { grid-template-columns: minmax(0, 1fr); gap: 0; }
          .facts.mono dd { margin-bottom: .5rem; }
          .timeline { --rail: .3rem; }
          .timeline > li { grid-template-columns: 1fr; padding: .3rem 0 .6rem 1.5rem; }
          .timeline > li::after { top: .78rem; }
          .timeline > .quiet::after { top: .9rem; }
          time { text-align: left; }
          thead { position: absolute; clip-path: inset(50%); }
          tr { display: grid; grid-template-columns: 3.2rem 1fr auto; padding: .5rem 0; border-bottom: 1px solid var(--line); }
          td { border: 0; padding: 0; }
          .hash { grid-column: 1 / -1; grid-row: 2; color: var(--soft); }
        }
        @media print {
          :root { color-scheme: light; --paper: #fff; --ink: #000; --soft: #444; --line: #bbb; --wash: #fff;
            --good: #0b5a2b; --bad: #8c1810; --warning: #6a4300; --place: #274a86;
            --good-wash: #fff; --bad-wash: #fff; --warning-wash: #fff; }
          body { font-size: 10.5pt; }
          main { max-width: none; padding: 0; }
          article + article, #proof { break-before: page; }
          h2, h3, .title, .field { break-after: avoid; }
          .card, .finding, tr { break-inside: avoid; }
          .chip { border: 1px solid currentColor; }
          details::details-content { content-visibility: visible; block-size: auto; }
          nav { break-after: page; }
        }
        """
}
