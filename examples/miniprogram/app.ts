import { language, words } from "./words";

App({
  onLaunch() {
    if (language === "zh-CN") return; // as app.json has them
    const tabs = [words.home, words.team, words.earnings, words.payouts, words.invite];
    tabs.forEach((text, index) => wx.setTabBarItem({ index, text }));
  },
});
