"use strict";
// Every word of the page, in both languages. Names of places and banks come as the registers write them.
window.Wall = { views: {} };
Wall.texts = {
  title: ["走访挂图作战", "Visit campaign wall"],
  other: ["English", "中文"],
  batch: ["批次", "Batch"], as_of: ["基准日", "as of"], facts_as_of: ["数据截至", "facts to"], version: ["版本", "version"],
  with_ningbo: ["含宁波", "With Ningbo"], without_ningbo: ["不含宁波", "Without Ningbo"],
  province: ["浙江省", "Zhejiang"], province_excl: ["浙江省（不含宁波）", "Zhejiang without Ningbo"],
  headlines: ["总体情况", "Headline figures"], map: ["作战图", "Map"], tiles_township: ["乡镇（街道）", "Townships"],
  tiles_community: ["社区（村）", "Communities"], ranking: ["排名", "Ranking"], to_table: ["跳到排名表", "Skip to the ranking table"],
  rank: ["排名", "Rank"], rank_province: ["全省排名", "Rank in the province"], rank_county: ["县内排名", "Rank in the county"], small: ["基数小", "few targets"],
  area: ["区域", "Area"], status: ["状态", "Status"], red: ["红", "Red"], yellow: ["黄", "Yellow"], green: ["绿", "Green"], none: ["未开始", "Not begun"],
  targets: ["走访目标户数", "Target firms"], visited: ["走访户数", "Visited"], coverage: ["走访覆盖率", "Coverage"], attained: ["完成计划", "Of plan"],
  week: ["较上周（百分点）", "In a week (pp)"], plan: ["计划进度", "Expected by plan"], deadline: ["截止", "Deadline"], days: ["天", "days"],
  effective: ["有效走访", "Effective visits"], declared: ["申报", "Declared"], recommended: ["推荐", "Recommended"], credited: ["授信", "Credit granted"],
  disbursed: ["放款", "Loan paid out"], credit_amount: ["授信金额", "Credit amount"], loan_amount: ["放款金额", "Loan amount"], overdue: ["银行超期未答复", "Bank answers overdue"],
  unresolved: ["待落图", "Unresolved addresses"], excluded: ["剔除", "Excluded"], uncontacted: ["续贷未对接", "Renewals uncontacted"],
  funnel: ["走访漏斗", "Funnel"], foreign_trade: ["外贸企业", "Foreign trade"], sci_tech: ["科技企业", "Science and technology"],
  insured_usd: ["出口信保（美元）", "Export insurance (USD)"], renewals: ["到期续贷", "Renewals due"], due_30: ["30日内到期（笔）", "Maturing within 30 days (loans)"],
  contacted_on_time: ["提前一月对接", "Contacted a month ahead"], renewable: ["应续", "To be renewed"], renewed: ["已续", "Renewed"], renew_rate: ["应续尽续率", "Renewal rate"],
  renewal_balance: ["无还本续贷余额", "Balance of renewed loans"], banks: ["银行答复时钟（30日）", "Bank clock (30 days)"], bank: ["银行", "Bank"], pushed: ["推送", "Pushed"],
  due: ["满一月", "Due"], on_time_rate: ["按期答复率", "On time"], ningbo_mark: ["（宁波）", " (Ningbo)"], quality: ["数据质量", "Data quality"], gate: ["质量门", "Gate"],
  passed: ["通过", "passed"], warned: ["有警告", "passed with warnings"], blocked: ["未通过", "blocked"], unknown: ["无记录", "no record"],
  expectations: ["项检查", "expectations"], suite: ["检查套件", "Suite"], expectation: ["检查项", "Expectation"], column: ["列", "Column"], rows: ["不符行数", "Rows"],
  account: ["行数对账", "Row account"], source: ["来源", "Source"], rows_in: ["收到", "Rows in"], used: ["采用", "Used"], superseded: ["被替代", "Superseded"],
  out_of_scope: ["不在范围", "Out of scope"], quarantined: ["隔离", "Quarantined"], nothing: ["暂无数据", "No data yet"],
  news: ["新批次已发布，页面已更新", "A new batch was published; the page is up to date"], lost: ["与服务器的连接中断，显示的是上次数据", "The server does not answer; figures are the last known"],
  over: ["链接已过期，请重新申请", "This link is over; ask for a new one"], rule_of: ["计划完成度", "of plan"], pool: ["待认领", "Awaiting a place"],
  foot: ["只含汇总数，不含企业名称与个人信息。边界仅供示意。", "Sums only: no firm names, no personal data. Boundaries are for orientation."],
  ranked_from: ["目标户数达到以下数量才参与排名：", "Ranked from this many targets on: "],
};
Wall.say = (key) => (Wall.texts[key] || [key, key])[Wall.state.lang === "en" ? 1 : 0];
